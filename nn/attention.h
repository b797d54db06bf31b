#pragma once

#include <gradus/nn/linear.h>

namespace gradus::nn {

struct Attended {
  Tensor context;  // what the weights gathered: [batch, dim], or [batch, T, dim] for T queries
  Tensor weights;  // [batch, S], or [batch, T, S]; a row adds up to 1, or is zero where all of the source is masked
};

/// The source as attention reads it, prepared once and used at every step. The mask is non-zero at tokens.
struct Memory {
  Tensor keys, values;  // [batch, S, dim]
  Tensor mask;          // [batch, S], or undefined: all of it
};

/// Additive attention (Bahdanau et al. 2015): score_ij = vᵀ tanh(W [h_i; s_j]), alpha_j = softmax_i(score_ij),
/// c_j = sum_i alpha_ij h_i. W [h_i; s_j] is computed as W_h h_i + W_s s_j, whose first term waits in the memory.
struct AdditiveAttention {
  Linear key;    // W_h
  Linear query;  // W_s and the bias
  Linear score;  // vᵀ

  AdditiveAttention(Scope scope, Index query_dim, Index memory_dim, Index dim)
      : key(scope / "key", memory_dim, dim, false),
        query(scope / "query", query_dim, dim),
        score(scope / "score", dim, 1, false) {}

  /// h [batch, S, memory_dim]
  Memory prepare(const Tensor& h, const Tensor& mask = {}) const { return {key(h), h, mask}; }

  /// s [batch, query_dim] -> context [batch, memory_dim]
  Attended attend(const Tensor& s, const Memory& memory) const {
    const Tensor scores = score(tanh(memory.keys + unsqueeze(query(s), 1)));     // [batch, S, 1]
    const Tensor weights = softmax(squeeze(scores, -1), -1, memory.mask);        // [batch, S]
    return {squeeze(matmul(unsqueeze(weights, 1), memory.values), 1), weights};  // [batch, memory_dim]
  }
  Tensor context(const Tensor& s, const Memory& memory) const { return attend(s, memory).context; }

  Attended operator()(const Tensor& s, const Tensor& h, const Tensor& mask = {}) const {
    return attend(s, prepare(h, mask));
  }
};

/// Query-key-value attention: k_i = W_K x_i, v_i = W_V x_i, q_j = W_Q x'_j, score_ij = k_i·q_j / sqrt(dim),
/// alpha_j = softmax_i(score_ij), c_j = sum_i alpha_ij v_i (Vaswani et al. 2017, eq. 1).
struct Attention {
  Linear query, key, value;  // W_Q, W_K, W_V

  Attention(Scope scope, Index query_dim, Index memory_dim, Index dim)
      : query(Linear::projection(scope / "query", query_dim, dim)),
        key(Linear::projection(scope / "key", memory_dim, dim)),
        value(Linear::projection(scope / "value", memory_dim, dim)) {}

  /// x [batch, S, memory_dim]
  Memory prepare(const Tensor& x, const Tensor& mask = {}) const { return {key(x), value(x), mask}; }

  /// Of one query a row, s [batch, query_dim] -> [batch, dim], or of many, [batch, T, query_dim] -> [batch, T, dim].
  /// `causal`: query j sees the positions i <= j alone.
  Tensor context(const Tensor& s, const Memory& memory, bool causal = false) const {
    if (s.rank() == 2) return squeeze(context(unsqueeze(s, 1), memory, causal), 1);
    return attention(query(s), memory.keys, memory.values, 1, memory.mask, causal);
  }
  /// [batch, S] of one query a row, [batch, T, S] of many.
  Tensor weights(const Tensor& s, const Memory& memory, bool causal = false) const {
    if (s.rank() == 2) return squeeze(weights(unsqueeze(s, 1), memory, causal), 1);
    return squeeze(attention_weights(query(s), memory.keys, 1, memory.mask, causal), 1);
  }
  /// Both. Where nobody looks at the weights, `context` alone is one fused op that never stores them.
  Attended attend(const Tensor& s, const Memory& memory, bool causal = false) const {
    return {context(s, memory, causal), weights(s, memory, causal)};
  }

  /// C = Attention(X, X'): the queries X' [batch, T, query_dim] attend to X [batch, S, memory_dim].
  Tensor operator()(const Tensor& x, const Tensor& queries, const Tensor& mask = {}, bool causal = false) const {
    return context(queries, prepare(x, mask), causal);
  }
};

/// SelfAttention(X) = Attention(X, X). [batch, T, in] -> [batch, T, dim]
struct SelfAttention : Attention {
  SelfAttention(Scope scope, Index in, Index dim) : Attention(scope, in, in, dim) {}

  Tensor operator()(const Tensor& x, const Tensor& mask = {}, bool causal = false) const {
    return Attention::operator()(x, x, mask, causal);
  }
};

}  // namespace gradus::nn
