#pragma once

#include <gradus/models/seq2seq.h>
#include <gradus/models/words.h>
#include <gradus/nn/attention.h>
#include <gradus/nn/masks.h>

namespace gradus::models {

/// No recurrence: each target word looks at the source on its own. The layer C = Attention(X, X'):
///
///     k_i = W_K x_i, v_i = W_V x_i, q_j = W_Q x'_j
///     alpha_ij = softmax_i(k_i·q_j / sqrt(d))         c_j = sum_i alpha_ij v_i
///     logits from c_j
///
/// It knows of the order of words what the positions added to x and x' tell.
struct AttentionOnly final : Seq2Seq {
  WordVectors source_words, target_words;
  nn::Attention attention;
  WordScores output;

  AttentionOnly(nn::Scope scope, const Seq2SeqOptions& o)
      : source_words(scope / "encoder", o.source_vocab, o, o.positions, false),
        target_words(scope / "decoder", o.target_vocab, o, o.positions, o.tied),
        attention(scope / "attention", o.dim, o.dim, o.dim),
        output(scope / "output", o, o.dim, target_words) {}

  static ModelInfo info();

  State encode(const Tensor& source) const override {
    const nn::Memory memory = prepare(source);
    return {.memory = {memory.keys, memory.values}, .rows = {}, .source_mask = memory.mask};
  }

  Step step(const Tensor& word, const State& state) const override {
    const nn::Memory memory{state.memory[0], state.memory[1], state.source_mask};
    const Tensor x = squeeze(target_words(unsqueeze(word, 1), state.position), 1);  // [batch, dim]
    return {output(attention.context(x, memory)),
            {state.memory, {}, state.source_mask, state.position + 1, state.want_weights},
            state.want_weights ? attention.weights(x, memory) : Tensor()};
  }

  Tensor logits(const Tensor& source, const Tensor& target_in) const override {
    return output(attention.context(target_words(target_in), prepare(source)));
  }

  Index max_target() const override { return target_words.longest(); }

 private:
  nn::Memory prepare(const Tensor& source) const {
    return attention.prepare(source_words(source), nn::padding_mask(source));
  }
};

inline ModelInfo AttentionOnly::info() {
  return {
      .summary = "no recurrence: a target word reads the source with nothing but itself and its position",
      .attends = true,
      .has_positions = true,
      .output_width = [](const Seq2SeqOptions& o) { return o.dim; },
      .cost = [](const Seq2SeqOptions& o, const BatchSize& b) -> Cost {
        const auto d = static_cast<double>(o.dim), vocabulary = static_cast<double>(o.target_vocab);
        const double keys_and_values = 2 * d * d, step = d * d + 2 * b.source * d + d * vocabulary;
        return {b.sequences * (b.source * keys_and_values + b.target * step), b.sequences * b.target * b.source};
      },
      .demo = {{"train.lr", "0.003"}},
  };
}

}  // namespace gradus::models
