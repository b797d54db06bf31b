#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include <gradus/autograd/engine/backward.h>
#include <gradus/files/safetensors.h>
#include <gradus/nn/embedding.h>
#include <gradus/nn/linear.h>
#include <gradus/nn/losses.h>
#include <gradus/nn/recurrent.h>
#include <gradus/nn/transformer.h>

// Logits and gradients of a network whose parameters have PyTorch's names, for tests/reference/interchange.py.
namespace gradus {
namespace {

constexpr Index words = 23, dim = 32;

// Embedding, nn.TransformerEncoder and nn.TransformerDecoder of two layers, Linear.
struct Translator {
  nn::Embedding embedding;
  nn::TransformerEncoder encoder;
  nn::TransformerDecoder decoder;
  nn::Linear output;

  explicit Translator(nn::Scope scope)
      : embedding(scope / "embedding", words, dim),
        encoder(scope / "encoder", options(), 2),
        decoder(scope / "decoder", options(), 2),
        output(scope / "output", dim, words) {}

  static nn::TransformerOptions options() { return {.dim = dim, .heads = 4, .ffn = 48}; }

  // source [batch, S] padded with 0, target [batch, T] -> [batch, T, words]
  Tensor operator()(const Tensor& source, const Tensor& target) const {
    const Tensor mask = not_equal(source, 0.0);
    const Tensor encoded = encoder(embedding(source), mask);
    return output(decoder(embedding(target), decoder.key_values(encoded, mask)));
  }
};

// Embedding, nn.LSTM of two layers in both directions, Linear.
struct Tagger {
  nn::Embedding embedding;
  nn::Recurrent lstm;
  nn::Linear output;

  explicit Tagger(nn::Scope scope)
      : embedding(scope / "embedding", words, dim),
        lstm(scope / "lstm", {.kind = nn::CellKind::lstm, .in = dim, .hidden = 24, .layers = 2, .bidirectional = true}),
        output(scope / "output", 48, words) {}

  Tensor operator()(const Tensor&, const Tensor& target) const { return output(lstm(embedding(target)).outputs); }
};

// Parameters are read from the input file, or drawn if it does not contain them.
template <class Model>
void run(const std::string& in, const std::string& out) {
  const files::Safetensors given = files::read_safetensors(in);
  nn::ParameterStore store(7);
  const Model model(store.root());
  const bool weights = given.find("output.weight").defined();
  files::Safetensors result;
  for (const nn::Parameter& p : store.all()) {
    const Tensor value = given.find(p.path);
    if (weights) {
      if (!value.defined() || value.shape() != p.tensor.shape()) throw Error(fmt::format("{} does not fit", p.path));
      Tensor into = p.tensor;
      std::copy_n(value.data<float>(), value.numel(), into.mutable_data<float>());
    }
    result.tensors.push_back({p.path, p.tensor});
  }
  const Tensor logits = model(given.find("input.source"), given.find("input.target"));
  backward(nn::sequence_cross_entropy(logits, given.find("input.labels"), {.pad = -100}));
  result.tensors.push_back({"logits", logits.detach()});
  for (const nn::Parameter& p : store.all()) result.tensors.push_back({"gradient." + p.path, p.tensor.grad()});
  result.metadata = {{"format", "pt"}};
  files::write_safetensors(out, result);
}

}  // namespace
}  // namespace gradus

int main(int argc, char** argv) {
  const std::string model = argc == 4 ? argv[1] : "";
  if (model != "transformer" && model != "lstm") {
    fmt::print(stderr, "Usage: gradus_interchange transformer|lstm IN.safetensors OUT.safetensors\n");
    return 2;
  }
  try {
    (model == "lstm" ? gradus::run<gradus::Tagger> : gradus::run<gradus::Translator>)(argv[2], argv[3]);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
