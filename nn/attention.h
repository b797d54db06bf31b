#pragma once

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/attention.h>
#include <gradus/autograd/ops/functions.h>
#include <gradus/autograd/ops/matmul.h>
#include <gradus/autograd/ops/shape.h>
#include <gradus/autograd/ops/softmax.h>
#include <gradus/nn/linear.h>
#include <gradus/nn/masks.h>

namespace gradus::nn {

/// The keys and values of a source, computed once for any number of queries.
struct KeyValues {
  Tensor keys, values;  // [batch, S, dim]
  Tensor mask;          // [batch, S], non-zero at tokens; undefined when there is no padding
};

/// Additive attention (Bahdanau et al. 2015): score_ij = vᵀ tanh(W [h_i; s_j]), alpha_j = softmax_i(score_ij),
/// c_j = sum_i alpha_ij h_i. The keys are W_h h_i and the values h_i, because W [h_i; s_j] = W_h h_i + W_s s_j.
struct AdditiveAttention {
  Linear key;    // W_h
  Linear query;  // W_s and a bias
  Linear score;  // vᵀ

  AdditiveAttention(Scope scope, Index query_dim, Index source_dim, Index dim)
      : key(scope / "key", source_dim, dim, false),
        query(scope / "query", query_dim, dim),
        score(scope / "score", dim, 1, false) {}

  /// h [batch, S, source_dim]
  KeyValues key_values(const Tensor& h, const Tensor& mask = {}) const { return {key(h), h, mask}; }

  /// alpha_j: s [batch, query_dim] -> [batch, S]. A row sums to 1; it is zero if the whole source is masked.
  Tensor attention_weights(const Tensor& s, const KeyValues& source) const {
    const Tensor scores = score(tanh(source.keys + unsqueeze(query(s), 1)));  // [batch, S, 1]
    return softmax(squeeze(scores, -1), -1, source.mask);
  }

  /// c_j: s [batch, query_dim] -> [batch, source_dim]
  Tensor context(const Tensor& s, const KeyValues& source) const {
    const Tensor alpha = attention_weights(s, source);
    return squeeze(matmul(unsqueeze(alpha, 1), source.values), 1);
  }
};

/// Query-key-value attention: k_i = W_K x_i, v_i = W_V x_i, q_j = W_Q x'_j, score_ij = k_i·q_j / sqrt(dim),
/// alpha_j = softmax_i(score_ij), c_j = sum_i alpha_ij v_i (Vaswani et al. 2017, eq. 1).
struct Attention {
  Linear query, key, value;  // W_Q, W_K, W_V

  Attention(Scope scope, Index query_dim, Index source_dim, Index dim)
      : query(Linear::projection(scope / "query", query_dim, dim)),
        key(Linear::projection(scope / "key", source_dim, dim)),
        value(Linear::projection(scope / "value", source_dim, dim)) {}

  /// x [batch, S, source_dim]
  KeyValues key_values(const Tensor& x, const Tensor& mask = {}) const { return {key(x), value(x), mask}; }

  /// alpha: one query per row, s [batch, query_dim] -> [batch, S], or several, [batch, T, query_dim] -> [batch, T, S].
  /// A row sums to 1; it is zero if the whole source is masked. `causal`: query j attends to positions i <= j only.
  Tensor attention_weights(const Tensor& s, const KeyValues& source, bool causal = false) const {
    if (s.rank() == 2) return squeeze(attention_weights(unsqueeze(s, 1), source, causal), 1);
    return squeeze(gradus::attention_weights(query(s), source.keys, 1, visible_sources(source.mask), causal), 1);
  }

  /// c: one query per row, s [batch, query_dim] -> [batch, dim], or several, [batch, T, query_dim] -> [batch, T, dim].
  /// One op, which does not store alpha.
  Tensor context(const Tensor& s, const KeyValues& source, bool causal = false) const {
    if (s.rank() == 2) return squeeze(context(unsqueeze(s, 1), source, causal), 1);
    return attention(query(s), source.keys, source.values, 1, visible_sources(source.mask), causal);
  }

  /// C = Attention(X, X'): the queries X' [batch, T, query_dim] attend to X [batch, S, source_dim].
  Tensor operator()(const Tensor& x, const Tensor& queries, const Tensor& mask = {}, bool causal = false) const {
    return context(queries, key_values(x, mask), causal);
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
