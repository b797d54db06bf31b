#pragma once

#include <gradus/models/output_layer.h>
#include <gradus/models/seq2seq.h>
#include <gradus/models/token_embedding.h>
#include <gradus/nn/attention.h>
#include <gradus/nn/masks.h>

namespace gradus::models {

/// No recurrence: each target word attends to the source independently. The layer C = Attention(X, X'):
///
///     k_i = W_K x_i, v_i = W_V x_i, q_j = W_Q x'_j
///     alpha_ij = softmax_i(k_i·q_j / sqrt(d))         c_j = sum_i alpha_ij v_i
///     logits from c_j
///
/// Only the positions that are added to x and x' represent the order of words.
struct AttentionOnly final : Seq2Seq {
  TokenEmbedding source_embedding,  ///< x
      target_embedding;             ///< x'
  nn::Attention attention;          // W_Q, W_K, W_V
  OutputLayer output;               // logits from c_j

  /// Registers `encoder`, `decoder`, `attention` and `output` below the scope.
  AttentionOnly(nn::Scope scope, const Seq2SeqOptions& o)
      : source_embedding(scope / "encoder", o.source_vocab, o, o.positions),
        target_embedding(scope / "decoder", o.target_vocab, o, o.positions, o.tied),
        attention(scope / "attention", o.dim, o.dim, o.dim),
        output(scope / "output", o, o.dim, target_embedding) {}

  static ModelInfo info();  // the row of the registry

  State encode(const Tensor& source) const override {
    const nn::KeyValues kv = key_values(source);  // k_i = W_K x_i, v_i = W_V x_i
    return {.source = to_tensors({kv}), .cache = {}, .source_mask = kv.mask};
  }

  Step step(const Tensor& word, const State& state) const override {
    check_state("attention", state, 2, 0);
    const nn::KeyValues kv = to_key_values(state.source, state.source_mask).front();
    const Tensor x = squeeze(target_embedding(unsqueeze(word, 1), state.position), 1);  // [batch, dim]
    const Tensor c = attention.context(x, kv);  // q_j = W_Q x'_j, c_j = sum_i alpha_ij v_i
    return {output(c), state.next({})};
  }

  Tensor logits(const Tensor& source, const Tensor& target_in) const override {
    const nn::KeyValues kv = key_values(source);  // k_i = W_K x_i, v_i = W_V x_i
    const Tensor x = target_embedding(target_in);
    const Tensor c = attention.context(x, kv);  // q_j = W_Q x'_j, c_j = sum_i alpha_ij v_i
    return output(c);
  }

  Tensor attention_weights(const Tensor& source, const Tensor& target_in) const override {
    const nn::KeyValues kv = key_values(source);
    const Tensor x = target_embedding(target_in);
    const Tensor alpha = attention.attention_weights(x, kv);  // alpha_ij = softmax_i(k_i·q_j / sqrt(d))
    return alpha;
  }

  Index max_target() const override { return target_embedding.max_length(); }

 private:
  nn::KeyValues key_values(const Tensor& source) const {
    return attention.key_values(source_embedding(source), nn::padding_mask(source));
  }
};

}  // namespace gradus::models
