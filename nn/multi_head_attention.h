#pragma once

#include <string>

#include <gradus/autograd/ops/attention.h>
#include <gradus/autograd/ops/joining.h>
#include <gradus/autograd/ops/matmul.h>
#include <gradus/autograd/ops/slicing.h>
#include <gradus/nn/attention.h>
#include <gradus/nn/linear.h>
#include <gradus/nn/masks.h>

namespace gradus::nn {

/// MultiHead(Q, K, V) = Concat(head_1 .. head_h) W_O, head_i = softmax(Q W_Qi (K W_Ki)ᵀ / sqrt(dim / h)) V W_Vi
/// (Vaswani et al. 2017, 3.2.2). Parameters are those of torch.nn.MultiheadAttention with batch_first; the weights have
/// no dropout.
struct MultiHeadAttention {
  Tensor in_proj_weight;  // [3 dim, dim]: W_Q, W_K, W_V
  Tensor in_proj_bias;    // [3 dim]
  Linear out_proj;        // W_O
  Index heads;

  /// Throws unless heads divides dim.
  MultiHeadAttention(Scope scope, Index dim, Index head_count)
      : in_proj_weight(scope.xavier_uniform("in_proj_weight", {3 * dim, dim})),
        in_proj_bias(scope.zeros("in_proj_bias", {3 * dim})),
        out_proj(scope / "out_proj", dim, dim),
        heads(head_count) {
    if (heads < 1 || dim % heads != 0) {
      throw Error("'" + scope.path() + "' has " + std::to_string(heads) + " heads for " + std::to_string(dim) +
                  " dimensions; the number of heads must divide the dimension");
    }
  }

  /// x [batch, S, dim]
  KeyValues key_values(const Tensor& x, const Tensor& mask = {}) const { return {project(x, 1), project(x, 2), mask}; }

  /// alpha of each head: x [batch, T, dim] -> [batch, heads, T, S]
  Tensor attention_weights(const Tensor& x, const KeyValues& source) const {
    return gradus::attention_weights(project(x, 0), source.keys, heads, visible_sources(source.mask));
  }

  /// x [batch, T, dim] attends to a source: [batch, T, dim].
  Tensor context(const Tensor& x, const KeyValues& source) const {
    return out_proj(attention(project(x, 0), source.keys, source.values, heads, visible_sources(source.mask)));
  }

  /// x [batch, T, dim] attends to itself: [batch, T, dim]. The mask is [batch, T], non-zero at
  /// tokens. `causal`: position j attends to positions i <= j only.
  Tensor operator()(const Tensor& x, const Tensor& mask = {}, bool causal = false) const {
    return out_proj(attention(project(x, 0), project(x, 1), project(x, 2), heads, visible_sources(mask), causal));
  }

  /// Causal self-attention of one further position x [batch, 1, dim]. `past` holds the keys and values of the earlier
  /// positions, undefined before the first; those of x are appended.
  Tensor step(const Tensor& x, KeyValues& past) const {
    const KeyValues now = key_values(x);
    const bool first = !past.keys.defined();
    past.keys = first ? now.keys : concat({past.keys, now.keys}, 1);
    past.values = first ? now.values : concat({past.values, now.values}, 1);
    return context(x, past);
  }

 private:
  /// Queries (part 0), keys (1) or values (2): [..., dim] -> [..., dim].
  Tensor project(const Tensor& x, Index part) const {
    const Index dim = in_proj_weight.size(1);
    return linear(x, narrow(in_proj_weight, 0, part * dim, dim), narrow(in_proj_bias, 0, part * dim, dim));
  }
};

}  // namespace gradus::nn
