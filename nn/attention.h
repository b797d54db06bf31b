#pragma once

#include <string>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/attention.h>
#include <gradus/autograd/ops/functions.h>
#include <gradus/autograd/ops/matmul.h>
#include <gradus/autograd/ops/shape.h>
#include <gradus/autograd/ops/softmax.h>
#include <gradus/nn/layer.h>
#include <gradus/nn/linear.h>

namespace gradus::nn {

/// The keys and values of a source, computed once for any number of queries.
struct KeyValues {
  Tensor keys,  ///< k_i [batch, S, dim]
      values;   ///< v_i [batch, S, dim], or of another width
  Tensor mask;  // [batch, S], non-zero at tokens; undefined when there is no padding
};

/// c_j = sum_i alpha_ij v_i: alpha [batch, S], values [batch, S, dim] -> [batch, dim]. Throws an Error unless they fit.
inline Tensor weighted_sum(const Tensor& alpha, const Tensor& values, Place place = Place::current()) {
  if (!alpha.defined() || !values.defined() || alpha.rank() != 2 || values.rank() != 3 ||
      alpha.shape()[0] != values.shape()[0] || alpha.shape()[1] != values.shape()[1]) {
    throw Error("weighted_sum: alpha " + describe(alpha) + " and values " + describe(values) +
                    " do not fit: expected [batch, S] and [batch, S, dim]",
                place);
  }
  return squeeze(matmul({unsqueeze(alpha, 1), place}, values), 1);
}

/// For a layer: the options of `attention` with the padding of the source hidden as well. Throws an Error with the
/// layer's name unless source, mask and bias fit the queries [batch, T, heads * d].
AttentionOptions options_for(const LayerCall& layer, const Tensor& queries, const KeyValues& source, Index heads,
                             AttentionOptions options);

/// Additive attention (Bahdanau et al. 2015): score_ij = vᵀ tanh(W [h_i; s_j]), alpha_j = softmax_i(score_ij),
/// c_j = sum_i alpha_ij h_i. The keys are W_h h_i and the values h_i, because W [h_i; s_j] = W_h h_i + W_s s_j.
struct AdditiveAttention {
  Linear key;        // W_h
  Linear query;      // W_s and a bias
  Linear score;      // vᵀ
  std::string path;  // of the scope, for messages

  /// For s of query_dim and h of source_dim numbers; W has `dim` rows.
  AdditiveAttention(Scope scope, Index query_dim, Index source_dim, Index dim)
      : key(scope / "key", source_dim, dim, false),
        query(scope / "query", query_dim, dim),
        score(scope / "score", dim, 1, false),
        path(scope.path()) {}

  /// h [batch, S, source_dim], mask [batch, S]
  KeyValues key_values(const Tensor& h, const Tensor& mask = {}, Place place = Place::current()) const {
    const LayerCall layer{"AdditiveAttention", path, place};
    check_input(layer, "h", h, key.weight.dtype(), {"batch", "source", key.weight.shape()[1]});
    if (mask.defined()) check_shape(layer, "the mask", mask, {h.shape()[0], h.shape()[1]});
    return {key(h, place), h, mask};
  }

  /// alpha_j: s [batch, query_dim] -> [batch, S]. A row sums to 1; it is zero if the whole source is masked.
  Tensor attention_weights(const Tensor& s, const KeyValues& source, Place place = Place::current()) const {
    const LayerCall layer{"AdditiveAttention", path, place};
    check_input(layer, "source.keys", source.keys, key.weight.dtype(), {"batch", "source", key.weight.shape()[0]});
    const Index batch = source.keys.shape()[0];
    check_input(layer, "s", s, query.weight.dtype(), {batch, query.weight.shape()[1]});
    if (source.mask.defined()) check_shape(layer, "source.mask", source.mask, {batch, source.keys.shape()[1]});
    const Tensor scores = score(tanh(source.keys + unsqueeze(query(s, place), 1)), place);  // [batch, S, 1]
    return softmax(squeeze(scores, -1), -1, source.mask, place);
  }

  /// c_j: s [batch, query_dim] -> [batch, source_dim]
  Tensor context(const Tensor& s, const KeyValues& source, Place place = Place::current()) const {
    const LayerCall layer{"AdditiveAttention", path, place};
    const Tensor alpha = attention_weights(s, source, place);
    check_input(layer, "source.values", source.values, alpha.dtype(), {alpha.shape()[0], alpha.shape()[1], "dim"});
    return weighted_sum(alpha, source.values, place);
  }
};

/// Query-key-value attention: k_i = W_K x_i, v_i = W_V x_i, q_j = W_Q x'_j, score_ij = k_i·q_j / sqrt(dim),
/// alpha_j = softmax_i(score_ij), c_j = sum_i alpha_ij v_i (Vaswani et al. 2017, eq. 1). The options are those of the
/// op `attention`: a mask and a bias of the scores, and causal.
struct Attention {
  Linear query,      ///< W_Q
      key,           ///< W_K
      value;         ///< W_V
  std::string path;  // of the scope, for messages

  /// For x' of query_dim and x of source_dim numbers; queries, keys and values have `dim`.
  Attention(Scope scope, Index query_dim, Index source_dim, Index dim)
      : query(Linear::projection(scope / "query", query_dim, dim)),
        key(Linear::projection(scope / "key", source_dim, dim)),
        value(Linear::projection(scope / "value", source_dim, dim)),
        path(scope.path()) {}

  /// x [batch, S, source_dim], mask [batch, S]
  KeyValues key_values(const Tensor& x, const Tensor& mask = {}, Place place = Place::current()) const {
    const LayerCall layer{"Attention", path, place};
    check_input(layer, "x", x, key.weight.dtype(), {"batch", "source", key.weight.shape()[1]});
    if (mask.defined()) check_shape(layer, "the mask", mask, {x.shape()[0], x.shape()[1]});
    return {key(x, place), value(x, place), mask};
  }

  /// alpha: one query per row, s [batch, query_dim] -> [batch, S], or several, [batch, T, query_dim] -> [batch, T, S].
  /// A row sums to 1; it is zero if the whole source is masked.
  Tensor attention_weights(const Tensor& s, const KeyValues& source, const AttentionOptions& options = {},
                           Place place = Place::current()) const {
    const LayerCall layer{"Attention", path, place};
    const Tensor q = queries(layer, s);
    const AttentionOptions o = options_for(layer, q, source, 1, options);
    const Tensor alpha = squeeze(gradus::attention_weights(q, source.keys, 1, o, place), 1);
    return s.rank() == 2 ? squeeze(alpha, 1) : alpha;
  }

  /// c: one query per row, s [batch, query_dim] -> [batch, dim], or several, [batch, T, query_dim] -> [batch, T, dim].
  /// One op, which does not store alpha.
  Tensor context(const Tensor& s, const KeyValues& source, const AttentionOptions& options = {},
                 Place place = Place::current()) const {
    const LayerCall layer{"Attention", path, place};
    const Tensor q = queries(layer, s);
    const AttentionOptions o = options_for(layer, q, source, 1, options);
    const Tensor c = attention(q, source.keys, source.values, 1, o, place);
    return s.rank() == 2 ? squeeze(c, 1) : c;
  }

  /// C = Attention(X, X'): the queries X' [batch, T, query_dim] attend to X [batch, S, source_dim].
  Tensor operator()(const Tensor& x, const Tensor& queries, const Tensor& mask = {},
                    const AttentionOptions& options = {}, Place place = Place::current()) const {
    return context(queries, key_values(x, mask, place), options, place);
  }

 private:
  /// [batch, query_dim] or [batch, T, query_dim] -> [batch, T, dim]
  Tensor queries(const LayerCall& layer, const Tensor& s) const {
    const Index width = query.weight.shape()[1];
    if (s.defined() && s.rank() == 2) {
      check_input(layer, "the query", s, query.weight.dtype(), {"batch", width});
      return query(unsqueeze(s, 1), layer.place);
    }
    check_input(layer, "the query", s, query.weight.dtype(), {"batch", "time", width});
    return query(s, layer.place);
  }
};

/// SelfAttention(X) = Attention(X, X). [batch, T, in] -> [batch, T, dim]
struct SelfAttention : Attention {
  SelfAttention(Scope scope, Index in, Index dim) : Attention(scope, in, in, dim) {}

  /// x [batch, T, in], mask [batch, T] non-zero at tokens -> [batch, T, dim]
  Tensor operator()(const Tensor& x, const Tensor& mask = {}, const AttentionOptions& options = {},
                    Place place = Place::current()) const {
    return Attention::operator()(x, x, mask, options, place);
  }
};

}  // namespace gradus::nn
