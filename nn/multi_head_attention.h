#pragma once

#include <string>
#include <utility>

#include <gradus/autograd/ops/attention.h>
#include <gradus/autograd/ops/joining.h>
#include <gradus/autograd/ops/matmul.h>
#include <gradus/autograd/ops/slicing.h>
#include <gradus/nn/attention.h>
#include <gradus/nn/dropout.h>
#include <gradus/nn/layer.h>
#include <gradus/nn/linear.h>
#include <gradus/nn/rotary.h>

namespace gradus::nn {

/// The options of MultiHeadAttention.
struct MultiHeadAttentionOptions {
  Index dim = 0,        ///< numbers of a query and of a result
      heads = 1;        ///< divides dim
  Index kdim = 0,       ///< width of the source of keys; 0 means dim
      vdim = 0;         ///< width of the source of values; 0 means dim
  double dropout = 0;   // of the weights; while it acts, the weights [batch, heads, T, S] are stored
  bool bias = true;     // of the four projections
  bool rotary = false;  // queries and keys are rotated by their positions (Su et al. 2021); dim / heads must be even
};

/// MultiHead(Q, K, V) = Concat(head_1 .. head_h) W_O, head_i = softmax(Q W_Qi (K W_Ki)ᵀ / sqrt(dim / h)) V W_Vi
/// (Vaswani et al. 2017, 3.2.2). Parameters and the order of a call's tensors are those of torch.nn.MultiheadAttention
/// with batch_first; `context` serves keys and values that are computed once. The options of a call are those of
/// the op `attention`: a mask and a bias of the scores, and causal.
struct MultiHeadAttention {
  Tensor in_proj_weight;  // [3 dim, dim]: W_Q, W_K, W_V; undefined when kdim or vdim is not dim
  Tensor q_proj_weight,   ///< W_Q [dim, dim] when kdim or vdim is not dim, else undefined
      k_proj_weight,      ///< W_K [dim, kdim] then
      v_proj_weight;      ///< W_V [dim, vdim] then
  Tensor in_proj_bias;    // [3 dim], undefined without biases
  Linear out_proj;        // W_O
  Index heads;            // the number of heads
  Dropout dropout;        // of the weights, in training
  bool has_rotary;        // MultiHeadAttentionOptions::rotary
  std::string path;       // of the scope, for messages

  /// Throws unless heads divides dim, and with rotary positions dim / 2 too.
  MultiHeadAttention(Scope scope, const MultiHeadAttentionOptions& o)
      : out_proj(register_projections(scope, o)),
        heads(o.heads),
        dropout{o.dropout},
        has_rotary(o.rotary),
        path(scope.path()) {}
  MultiHeadAttention(Scope scope, Index dim, Index head_count)
      : MultiHeadAttention(scope, {.dim = dim, .heads = head_count}) {}

  /// The source of keys and values x [batch, S, dim], mask [batch, S] non-zero at tokens
  KeyValues key_values(const Tensor& x, const Tensor& mask = {}, Place place = Place::current()) const {
    return key_values_from(x, x, mask, place);
  }
  /// Separate sources of keys [batch, S, kdim] and values [batch, S, vdim]
  KeyValues key_values_from(const Tensor& key, const Tensor& value, const Tensor& mask = {},
                            Place place = Place::current()) const {
    return key_values_at(0, key, value, mask, place);
  }

  /// alpha of each head: x [batch, T, dim] -> [batch, heads, T, S]
  Tensor attention_weights(const Tensor& x, const KeyValues& source, const AttentionOptions& options = {},
                           Place place = Place::current()) const {
    const LayerCall layer{"MultiHeadAttention", path, place};
    const Tensor q = queries(layer, x, 0);
    const AttentionOptions o = options_for(layer, q, source, heads, options);
    return gradus::attention_weights(q, source.keys, heads, o, place);
  }

  /// x [batch, T, dim] attends to a source: [batch, T, dim].
  Tensor context(const Tensor& x, const KeyValues& source, const AttentionOptions& options = {},
                 Place place = Place::current()) const {
    const LayerCall layer{"MultiHeadAttention", path, place};
    return attend(layer, queries(layer, x, 0), source, options);
  }

  /// x [batch, T, dim] attends to itself: [batch, T, dim]. The mask is [batch, T], non-zero at tokens.
  Tensor operator()(const Tensor& x, const Tensor& mask = {}, const AttentionOptions& options = {},
                    Place place = Place::current()) const {
    return context(x, key_values(x, mask, place), options, place);
  }

  /// A query [batch, T, dim] attends to the values [batch, S, vdim] of keys [batch, S, kdim]: [batch, T, dim]. The mask
  /// is [batch, S], non-zero at tokens.
  Tensor operator()(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask = {},
                    const AttentionOptions& options = {}, Place place = Place::current()) const {
    return context(query, key_values_from(key, value, mask, place), options, place);
  }

  /// Causal self-attention of one further position x [batch, 1, dim]. `past` holds the keys and values of the earlier
  /// positions, undefined before the first; those of x are appended. It stays as it is when this throws.
  Tensor step(const Tensor& x, KeyValues& past, const AttentionOptions& options = {},
              Place place = Place::current()) const {
    const LayerCall layer{"MultiHeadAttention", path, place};
    const DType dtype = out_proj.weight.dtype();
    const Index dim = out_proj.weight.shape()[1];
    check_input(layer, "x", x, dtype, {"batch", 1, dim});
    const Index batch = x.shape()[0];
    const bool first = !past.keys.defined();
    if (!first) {
      check_input(layer, "past.keys", past.keys, dtype, {batch, "past", dim});
      check_input(layer, "past.values", past.values, dtype, {batch, past.keys.shape()[1], dim});
    }
    const Index position = first ? 0 : past.keys.shape()[1];
    KeyValues grown = key_values_at(position, x, x, {}, place);
    if (!first) grown = {concat({past.keys, grown.keys}, 1, place), concat({past.values, grown.values}, 1, place), {}};
    grown.mask = past.mask;
    const Tensor y = attend(layer, queries(layer, x, position), grown, options);
    past = std::move(grown);
    return y;
  }

 private:
  /// Registers all parameters in PyTorch's order; the last ones are W_O.
  Linear register_projections(Scope scope, const MultiHeadAttentionOptions& o) {
    const Index dim = o.dim, kdim = o.kdim ? o.kdim : dim, vdim = o.vdim ? o.vdim : dim;
    if (o.heads < 1 || dim % o.heads != 0) {
      throw Error("'" + scope.path() + "' has " + std::to_string(o.heads) + " heads for " + std::to_string(dim) +
                  " dimensions; the number of heads must divide the dimension");
    }
    if (o.rotary && dim / o.heads % 2 != 0) {
      throw Error("'" + scope.path() + "' has rotary positions and heads of " + std::to_string(dim / o.heads) +
                  " numbers; the number must be even");
    }
    if (kdim == dim && vdim == dim) {
      in_proj_weight = scope.xavier_uniform("in_proj_weight", {3 * dim, dim});
    } else {
      q_proj_weight = scope.xavier_uniform("q_proj_weight", {dim, dim});
      k_proj_weight = scope.xavier_uniform("k_proj_weight", {dim, kdim});
      v_proj_weight = scope.xavier_uniform("v_proj_weight", {dim, vdim});
    }
    if (o.bias) in_proj_bias = scope.zeros("in_proj_bias", {3 * dim});
    return Linear(scope / "out_proj", dim, dim, o.bias);
  }

  /// W_Q (part 0), W_K (1) or W_V (2)
  const Tensor& weight(Index part) const {
    if (in_proj_weight.defined()) return in_proj_weight;
    return part == 0 ? q_proj_weight : part == 1 ? k_proj_weight : v_proj_weight;
  }

  /// Queries, keys or values: [..., in] -> [..., dim].
  Tensor project(const Tensor& x, Index part, const Place& place) const {
    const Index dim = out_proj.weight.shape()[1];
    const Tensor w = in_proj_weight.defined() ? narrow(in_proj_weight, 0, part * dim, dim) : weight(part);
    return linear(x, w, in_proj_bias.defined() ? narrow(in_proj_bias, 0, part * dim, dim) : Tensor(), place);
  }

  /// The queries of x [batch, T, dim], the first at the position `start`.
  Tensor queries(const LayerCall& layer, const Tensor& x, Index start) const {
    check_input(layer, "x", x, out_proj.weight.dtype(), {"batch", "time", out_proj.weight.shape()[1]});
    return rotated(project(x, 0, layer.place), start, layer.place);
  }

  KeyValues key_values_at(Index start, const Tensor& key, const Tensor& value, const Tensor& mask,
                          const Place& place) const {
    const LayerCall layer{"MultiHeadAttention", path, place};
    check_input(layer, "the key", key, out_proj.weight.dtype(), {"batch", "source", weight(1).shape()[1]});
    check_input(layer, "the value", value, out_proj.weight.dtype(),
                {key.shape()[0], key.shape()[1], weight(2).shape()[1]});
    if (mask.defined()) check_shape(layer, "the mask", mask, {key.shape()[0], key.shape()[1]});
    return {rotated(project(key, 1, place), start, place), project(value, 2, place), mask};
  }

  Tensor rotated(const Tensor& x, Index start, const Place& place) const {
    return has_rotary ? rotary(x, heads, start, place) : x;
  }

  /// Queries q [batch, T, dim] attend to a source: [batch, T, dim].
  Tensor attend(const LayerCall& layer, const Tensor& q, const KeyValues& source,
                const AttentionOptions& options) const {
    const Place& place = layer.place;
    const AttentionOptions o = options_for(layer, q, source, heads, options);
    if (dropout.p == 0 || !Training::on_for("MultiHeadAttention with dropout", place))
      return out_proj(attention(q, source.keys, source.values, heads, o, place), place);
    const Tensor alpha = dropout(gradus::attention_weights(q, source.keys, heads, o, place), place);
    const Shape& v = source.values.shape();
    const Tensor values = transpose(reshape(source.values, {v[0], v[1], heads, v[2] / heads}), 1, 2);
    return out_proj(reshape(transpose(matmul({alpha, place}, values), 1, 2), q.shape()), place);
  }
};

}  // namespace gradus::nn
