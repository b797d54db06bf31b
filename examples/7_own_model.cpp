// A program with a model of your own, which has all commands of gradus.
// Build: cmake --preset release && cmake --build --preset release --target example_7_own_model
// Run:   build/release/examples/7_own_model train --model bag --task copy --out runs/bag
//
// Then, for example:
//
//     echo abc | 7_own_model decode --run runs/bag
//     7_own_model gradcheck --model bag
#include <gradus/autograd/ops.h>
#include <gradus/cli/program.h>
#include <gradus/models/registry.h>
#include <gradus/nn/embedding.h>
#include <gradus/nn/linear.h>
#include <gradus/nn/masks.h>

using namespace gradus;

// Each word from the word before it and the mean of the source. `encode` and `step` define a model; the loss, decoding
// and checkpoints are written over them.
struct Bag final : models::Seq2Seq {
  nn::Embedding source_words, target_words;
  nn::Linear output;

  Bag(nn::Scope scope, const models::Seq2SeqOptions& o)
      : source_words(scope / "encoder", o.source_vocab, o.dim),
        target_words(scope / "decoder", o.target_vocab, o.dim),
        output(scope / "output", 2 * o.dim, o.target_vocab) {}

  models::State encode(const Tensor& source) const override {                                   // [batch, time]
    const Tensor mask = nn::padding_mask(source);                                               // true at words
    const Tensor words = source_words(source) * unsqueeze(to(mask, output.weight.dtype()), 2);  // [batch, time, dim]
    const Tensor count = sum(to(mask, words.dtype()), 1, true);                                 // [batch, 1]
    return {.source = {sum(words, 1) / count}, .cache = {}, .source_mask = mask};
  }

  models::Step step(const Tensor& word, const models::State& state) const override {  // [batch]
    return {output(concat({target_words(word), state.source[0]}, -1)), state.next({})};
  }
};

int main(int argc, char** argv) {
  models::register_model<Bag>("bag");
  return cli::run_program(argc, argv);
}
