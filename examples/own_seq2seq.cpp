// A sequence-to-sequence model of your own, with the library's data, trainer and beam search: a convolutional encoder.
// Build: cmake --preset release && cmake --build --preset release --target example_own_seq2seq
// Run:   build/release/examples/own_seq2seq
#include <cstdio>
#include <string>

#include <gradus/autograd/ops.h>
#include <gradus/models/registry.h>
#include <gradus/nn/attention.h>
#include <gradus/nn/convolution.h>
#include <gradus/nn/embedding.h>
#include <gradus/nn/masks.h>
#include <gradus/nn/positions.h>
#include <gradus/train/trainer.h>

using namespace gradus;

// The encoder reads each word with its neighbours, by gated convolutions (Gehring et al. 2017). The decoder is a GRU
// that attends to them. `encode` and `step` define a model; loss, decoding and checkpoints are written over them.
struct Convolutional final : models::Seq2Seq {
  nn::Embedding source_words, target_words;
  nn::LearnedPositions positions;
  nn::Conv1d first, second;
  nn::GRUCell decoder;
  nn::Attention attention;
  nn::Linear output;

  Convolutional(nn::Scope scope, const models::Seq2SeqOptions& o)
      : source_words(scope / "encoder", o.source_vocab, o.dim),
        target_words(scope / "decoder", o.target_vocab, o.dim),
        positions(scope / "positions", o.max_length, o.dim),
        first(scope / "encoder" / "first", o.dim, 2 * o.dim, 3, {.padding = 1}),
        second(scope / "encoder" / "second", o.dim, 2 * o.dim, 3, {.padding = 1}),
        decoder(scope / "decoder" / "cell", o.dim, o.hidden),
        attention(scope / "attention", o.hidden, o.dim, o.dim),
        output(scope / "output", o.hidden + o.dim, o.target_vocab) {}

  models::State encode(const Tensor& source) const override {  // [batch, source]
    const Tensor mask = nn::padding_mask(source);              // [batch, source]
    const Tensor tokens = unsqueeze(to(mask, output.weight.dtype()), 1);
    Tensor h = transpose(positions(source_words(source)), 1, 2) * tokens;  // [batch, dim, source], 0 at padding
    for (const nn::Conv1d* convolution : {&first, &second}) h = (h + glu((*convolution)(h), 1)) * tokens;
    const nn::KeyValues kv = attention.key_values(transpose(h, 1, 2), mask);
    const Tensor start = Tensor::zeros({source.size(0), decoder.weight_hh.size(1)}, h.dtype());
    return {.source = {kv.keys, kv.values}, .cache = {start}, .source_mask = mask};
  }

  models::Step step(const Tensor& word, const models::State& state) const override {  // [batch]
    const Tensor s = decoder(target_words(word), {state.cache[0], {}}).hidden;
    const Tensor c = attention.context(s, {state.source[0], state.source[1], state.source_mask});
    return {output(concat({s, c}, -1)), state.next({s})};  // [batch, target_vocab]
  }
};

int main() {
  models::register_model<Convolutional>("convolutional");
  const train::Dataset data = train::load_dataset(train::resolve({.preset = "tiny",
                                                                  .assignments = {{"model.name", "convolutional"},
                                                                                  {"model.hidden", "64"},
                                                                                  {"data.task", "reverse"},
                                                                                  {"data.max_length", "6"},
                                                                                  {"data.valid_pairs", "300"},
                                                                                  {"train.steps", "250"}}}));
  train::Run run = train::make_run(data.config, data.source, data.target);
  train::Progress progress = train::Progress::on_stderr();
  train::Trainer(run, data).run(progress);

  const models::DecodeOptions options{.beam = 4, .n_best = 3, .max_length = 12};
  const auto word = train::source_ids(run.source, train::source_tokens(run.config, "gradus"));
  const auto hypotheses = models::decode(*run.model, {word}, options);
  for (const models::Hypothesis& found : hypotheses[0])
    std::printf("%8.3f  %s\n", found.score,
                data::join(run.target.decode(found.ids), data::Tokenizer::characters).c_str());

  const auto found = train::evaluate(*run.model, run.source, run.target, data.references, options);
  std::printf("exact: %d of %d\n", static_cast<int>(found.score.exact), static_cast<int>(found.score.pairs));
  if (10 * found.score.exact > 8 * found.score.pairs) return 0;
  std::fprintf(stderr, "expected more than 80 %% of the outputs to be exact\n");
  return 1;
}
