// The gradients of every layer, for its inputs and its parameters, against differences.
#include <functional>
#include <vector>

#include <gradus/autograd/checks/gradcheck.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>
#include <gradus/nn/attention.h>
#include <gradus/nn/batch_norm.h>
#include <gradus/nn/convolution.h>
#include <gradus/nn/embedding.h>
#include <gradus/nn/glu.h>
#include <gradus/nn/group_norm.h>
#include <gradus/nn/location_attention.h>
#include <gradus/nn/losses.h>
#include <gradus/nn/multiplicative_attention.h>
#include <gradus/nn/positions.h>
#include <gradus/nn/recurrent.h>
#include <gradus/nn/relative_bias.h>
#include <gradus/nn/rms_norm.h>
#include <gradus/nn/transformer.h>

#include "catch.h"

namespace gradus::nn_gradient_test {
namespace {

using Inputs = std::vector<Tensor>;

Tensor normal(const Shape& shape, std::uint64_t stream) {
  return Tensor::normal(shape, 0, 1, Philox(5, stream), DType::f64).set_requires_grad();
}

// Lengths 4 and 2.
Tensor mask() { return Tensor::from(std::vector<double>{1, 1, 1, 1, 1, 1, 0, 0}, {2, 4}); }

void check(const nn::ParameterStore& store, const GradcheckFunction& f, const Inputs& inputs) {
  const GradcheckReport report = check_module(f, store.trainable(), inputs);
  INFO(to_string(report));
  CHECK(report.passed());
}

Tensor everything(const nn::Sequence& s) {
  std::vector<Tensor> parts{reshape(s.outputs, {-1})};
  for (const nn::CellState& state : s.final) {
    parts.push_back(reshape(state.hidden, {-1}));
    if (state.cell.defined()) parts.push_back(reshape(state.cell, {-1}));
  }
  return concat(parts, 0);
}

/// Context and weights of an attention layer.
template <class Layer>
Tensor everything(const Layer& layer, const Tensor& s, const nn::KeyValues& source) {
  return concat({layer.context(s, source), layer.attention_weights(s, source)}, -1);
}

}  // namespace

TEST_CASE("gradients of linear, embedding, layer norm, GLU and feed-forward") {
  nn::ParameterStore linear_store(1, DType::f64), table_store(1, DType::f64), norm_store(1, DType::f64);
  const nn::Linear linear(linear_store.root(), 3, 2);
  check(linear_store, [&](const Inputs& in) { return linear(in[0]); }, {normal({2, 2, 3}, 1)});

  const nn::Embedding table(table_store.root(), 5, 3);
  const Tensor ids = Tensor::from(std::vector<Index>{4, 1, 1, 0, 2, 3}, {2, 3});
  check(table_store, [&](const Inputs&) { return square(table(ids)); }, {});

  const nn::LayerNorm norm(norm_store.root(), 4);
  check(norm_store, [&](const Inputs& in) { return norm(in[0]); }, {normal({3, 4}, 1)});

  nn::ParameterStore none(1, DType::f64);
  check(none, [&](const Inputs& in) { return nn::GLU{1}(in[0]); }, {normal({2, 4, 3}, 1)});

  using enum nn::Activation;
  for (const auto activation : {relu, gelu, silu, sigmoid}) {
    for (const bool gated : {false, true}) {
      nn::ParameterStore store(1, DType::f64);
      const nn::FeedForward layer(store.root(), 3, 5, {.activation = activation, .bias = !gated, .gated = gated});
      check(store, [&](const Inputs& in) { return layer(in[0]); }, {normal({2, 3}, 1)});
    }
  }
}

TEST_CASE("gradients of convolutions") {
  nn::ParameterStore store(1, DType::f64);
  const nn::Conv1d line(store.root() / "line", 2, 3, 2, {.padding = 1});
  const nn::Conv2d image(store.root() / "image", 4, 2, {2, 3}, {.stride = {1, 2}, .groups = 2}, false);
  const nn::ConvTranspose1d longer(store.root() / "longer", 3, 2, 3, {.stride = 2, .padding = 1});
  const nn::ConvTranspose2d back(store.root() / "back", 2, 3, 2, {.stride = 2});
  check(store,
        [&](const Inputs& in) {
          return concat({reshape(longer(line(in[0])), {-1}), reshape(back(image(in[1])), {-1})}, 0);
        },
        {normal({2, 2, 3}, 1), normal({1, 4, 3, 5}, 2)});
}

TEST_CASE("gradients of batch, group and RMS norm") {
  for (const bool training : {true, false}) {
    nn::ParameterStore store(1, DType::f64);
    const nn::BatchNorm norm(store.root(), 3);
    const nn::Training mode(training);
    check(store, [&](const Inputs& in) { return norm(in[0]); }, {normal({3, 3, 4}, 1)});
  }
  nn::ParameterStore group_store(1, DType::f64), rms_store(1, DType::f64);
  const nn::GroupNorm group(group_store.root(), 2, 4);
  check(group_store, [&](const Inputs& in) { return group(in[0]); }, {normal({2, 4, 3}, 1)});
  const nn::RMSNorm rms(rms_store.root(), 4);
  check(rms_store, [&](const Inputs& in) { return rms(in[0]); }, {normal({3, 4}, 1)});
}

TEST_CASE("gradients of cells") {
  for (const auto kind : {nn::CellKind::rnn, nn::CellKind::gru, nn::CellKind::lstm}) {
    nn::ParameterStore store(1, DType::f64);
    const nn::Cell cell(store.root(), kind, 3, 2);
    Inputs inputs{normal({2, 3}, 1), normal({2, 2}, 2)};
    if (kind == nn::CellKind::lstm) inputs.push_back(normal({2, 2}, 3));
    const auto step = [&](const Inputs& in) {
      const nn::CellState s = cell(in[0], {in[1], in.size() == 3 ? in[2] : Tensor()});
      return s.cell.defined() ? concat({s.hidden, s.cell}, -1) : s.hidden;
    };
    check(store, step, inputs);
  }
}

TEST_CASE("gradients of cells with layer norm") {
  for (const auto kind : {nn::CellKind::rnn, nn::CellKind::gru, nn::CellKind::lstm}) {
    for (const bool bias : {true, false}) {
      nn::ParameterStore store(1, DType::f64);
      const nn::Recurrent network(store.root(), {.kind = kind, .in = 2, .hidden = 2, .bias = bias, .norm = true});
      check(store, [&](const Inputs& in) { return everything(network(in[0], mask())); }, {normal({2, 4, 2}, 1)});
    }
  }
}

TEST_CASE("gradients of a relu cell and of recurrent networks without biases") {
  for (const auto kind : {nn::CellKind::rnn, nn::CellKind::gru, nn::CellKind::lstm}) {
    nn::ParameterStore store(1, DType::f64);
    const nn::Recurrent network(
        store.root(), {.kind = kind, .in = 2, .hidden = 2, .bias = false, .nonlinearity = nn::Nonlinearity::relu});
    check(store, [&](const Inputs& in) { return everything(network(in[0], mask())); }, {normal({2, 4, 2}, 1)});
  }
}

TEST_CASE("gradients of recurrent networks over padded sequences") {
  for (const auto kind : {nn::CellKind::rnn, nn::CellKind::gru, nn::CellKind::lstm}) {
    for (const bool bidirectional : {false, true}) {
      nn::ParameterStore store(1, DType::f64);
      const nn::Recurrent network(
          store.root(),
          {.kind = kind, .in = 2, .hidden = 2, .layers = 2, .bidirectional = bidirectional, .dropout = 0.3});
      const nn::Training on;
      check(store, [&](const Inputs& in) { return everything(network(in[0], mask())); }, {normal({2, 4, 2}, 1)});
    }
  }
}

TEST_CASE("gradients of additive and query-key-value attention") {
  nn::ParameterStore additive_store(1, DType::f64), qkv_store(1, DType::f64), self_store(1, DType::f64);
  const nn::AdditiveAttention additive(additive_store.root(), 2, 3, 4);
  const Inputs inputs{normal({2, 2}, 1), normal({2, 4, 3}, 2)};
  check(
      additive_store, [&](const Inputs& in) { return everything(additive, in[0], additive.key_values(in[1], mask())); },
      inputs);

  const nn::Attention qkv(qkv_store.root(), 2, 3, 4);
  check(
      qkv_store, [&](const Inputs& in) { return everything(qkv, in[0], qkv.key_values(in[1], mask())); }, inputs);

  const nn::SelfAttention self(self_store.root(), 3, 2);
  check(self_store, [&](const Inputs& in) { return self(in[0], mask(), {.causal = true}); }, {normal({2, 4, 3}, 1)});
}

TEST_CASE("gradients of multiplicative and location-aware attention") {
  nn::ParameterStore dot_store(1, DType::f64), general_store(1, DType::f64), location_store(1, DType::f64);
  const nn::MultiplicativeAttention dot(dot_store.root(), 3, 3, nn::ScoreForm::dot);
  check(dot_store, [&](const Inputs& in) { return everything(dot, in[0], dot.key_values(in[1], mask())); },
        {normal({2, 3}, 1), normal({2, 4, 3}, 2)});

  const nn::MultiplicativeAttention general(general_store.root(), 2, 3, nn::ScoreForm::general);
  check(general_store, [&](const Inputs& in) { return everything(general, in[0], general.key_values(in[1], mask())); },
        {normal({2, 2}, 1), normal({2, 4, 3}, 2)});

  const nn::LocationAttention location(location_store.root(), 2, 3, 4, 1);
  check(location_store,
        [&](const Inputs& in) {
          const nn::KeyValues source = location.key_values(in[1], mask());
          const nn::KeyValues at_first = location.located(source, location.first_weights(source));
          const Tensor first = location.attention_weights(in[0], at_first);
          return everything(location, in[0], location.located(source, first));
        },
        {normal({2, 2}, 1), normal({2, 4, 3}, 2)});
}

TEST_CASE("gradients of multi-head attention with rotary positions") {
  nn::ParameterStore store(1, DType::f64);
  const nn::MultiHeadAttention attention(store.root(), {.dim = 8, .heads = 2, .rotary = true});
  check(store, [&](const Inputs& in) { return attention(in[0], mask(), {.causal = true}); }, {normal({2, 4, 8}, 1)});
}

TEST_CASE("gradients of multi-head attention") {
  nn::ParameterStore store(1, DType::f64);
  const nn::MultiHeadAttention attention(store.root(), 4, 2);
  check(store,
        [&](const Inputs& in) {
          const Tensor across = attention.context(in[1], attention.key_values(in[0], mask()));
          nn::KeyValues past;
          const Tensor first = attention.step(narrow(in[1], 1, 0, 1), past);
          const Tensor second = attention.step(narrow(in[1], 1, 1, 1), past);
          return concat({attention(in[0], mask()), across, first, second}, 1);
        },
        {normal({2, 4, 4}, 1), normal({2, 2, 4}, 2)});
}

TEST_CASE("gradients of multi-head attention with separate sources, a mask, a relative bias and dropout") {
  const Tensor seen = Tensor::from(std::vector<double>{1, 0, 1, 1, 1, 1, 0, 1}, {2, 4});
  for (const double dropout : {0.0, 0.3}) {
    nn::ParameterStore store(1, DType::f64);
    const nn::RelativeBias bias(store.root() / "bias", 2, 2);
    const nn::MultiHeadAttention attention(
        store.root(), {.dim = 4, .heads = 2, .kdim = 3, .vdim = 2, .dropout = dropout, .bias = false});
    const nn::Training on;
    check(store,
          [&](const Inputs& in) {
            const nn::KeyValues source = attention.key_values_from(in[1], in[2], mask());
            return attention.context(in[0], source,
                                     {.mask = seen, .bias = bias(2, 4) + nn::alibi(2, 2, 4, 0, DType::f64)});
          },
          {normal({2, 2, 4}, 1), normal({2, 4, 3}, 2), normal({2, 4, 2}, 3)});
  }
}

TEST_CASE("gradients of Transformer layers in every arrangement") {
  for (const auto norm : {nn::NormOrder::none, nn::NormOrder::pre, nn::NormOrder::post}) {
    for (const bool residual : {false, true}) {
      nn::ParameterStore store(1, DType::f64);
      const nn::TransformerOptions options{.dim = 6,
                                           .heads = 2,
                                           .ffn = 3,
                                           .dropout = 0.1,
                                           .norm = norm,
                                           .residual = residual,
                                           .activation = nn::Activation::gelu};
      const nn::TransformerEncoder encoder(store.root() / "encoder", options, 1);
      const nn::TransformerDecoder decoder(store.root() / "decoder", options, 1);
      const nn::Training on;
      check(store, [&](const Inputs& in) { return decoder(in[1], decoder.key_values(encoder(in[0], mask()), mask())); },
            {normal({2, 4, 6}, 1), normal({2, 3, 6}, 2)});
    }
  }
}

TEST_CASE("gradients of gated Transformer layers without biases, not causal, with masks and biases") {
  nn::ParameterStore store(1, DType::f64);
  const nn::TransformerOptions options{.dim = 4,
                                       .heads = 2,
                                       .ffn = 3,
                                       .attention_dropout = 0.2,
                                       .activation = nn::Activation::silu,
                                       .gated = true,
                                       .eps = 0.1,
                                       .bias = false,
                                       .last_norm = true};
  const nn::TransformerEncoder encoder(store.root() / "encoder", options, 1);
  const nn::TransformerDecoder decoder(store.root() / "decoder", options, 1);
  const nn::RelativeBias bias(store.root() / "bias", 2, 3);
  const Tensor seen = Tensor::from(std::vector<double>{1, 0, 1, 1, 1, 1, 0, 1, 1}, {3, 3});
  const nn::Training on;
  check(store,
        [&](const Inputs& in) {
          const Tensor h = encoder(in[0], mask(), {.bias = bias(4, 4), .causal = true});
          return decoder(in[1], decoder.key_values(h, mask()),
                         {.causal = false, .mask = seen, .source_bias = bias(3, 4)});
        },
        {normal({2, 4, 4}, 1), normal({2, 3, 4}, 2)});
}

TEST_CASE("gradients of positions and of the sequence loss") {
  nn::ParameterStore store(1, DType::f64);
  const nn::SinusoidalPositions sinusoidal(store.root(), 3, 4);
  check(store, [&](const Inputs& in) { return sinusoidal(in[0]); }, {normal({2, 3, 4}, 1)});
  const nn::LearnedPositions positions(store.root(), 3, 4);
  const Tensor target = Tensor::from(std::vector<Index>{1, 3, 0, 2, 0, 0}, {2, 3});
  check(
      store,
      [&](const Inputs& in) { return nn::sequence_cross_entropy(positions(in[0]), target, {.label_smoothing = 0.1}); },
      {normal({2, 3, 4}, 1)});
}

TEST_CASE("tied weights get the gradients of both uses") {
  nn::ParameterStore store(1, DType::f64);
  const nn::Embedding table(store.root() / "embedding", 4, 3, 0.5);
  const nn::Linear output = nn::Linear::tied(store.root() / "output", table.weight);
  const Tensor ids = Tensor::from(std::vector<Index>{3, 1, 1}, {3});
  check(store, [&](const Inputs&) { return output(tanh(table(ids))); }, {});
}

}  // namespace gradus::nn_gradient_test
