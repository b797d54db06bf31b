#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gradus/nn/attention.h>
#include <gradus/nn/linear.h>

namespace gradus::nn {

/// MultiHead(Q, K, V) = Concat(head_1 .. head_h) W_O, head_i = softmax(Q W_Qi (K W_Ki)ᵀ / sqrt(dim / h)) V W_Vi
/// (Vaswani et al. 2017, 3.2.2). Parameters are those of torch.nn.MultiheadAttention with batch_first; there is no
/// dropout of weights.
struct MultiHeadAttention {
  Tensor in_proj_weight;  // [3 dim, dim]: W_Q, W_K, W_V
  Tensor in_proj_bias;    // [3 dim]
  Linear out_proj;        // W_O
  Index heads;

  MultiHeadAttention(Scope scope, Index dim, Index heads)
      : in_proj_weight(scope.xavier_uniform("in_proj_weight", {3 * dim, dim})),
        in_proj_bias(scope.zeros("in_proj_bias", {3 * dim})),
        out_proj(scope / "out_proj", dim, dim),
        heads(heads) {
    if (heads < 1 || dim % heads != 0)
      throw Error("'" + scope.path() + "' has " + std::to_string(heads) + " heads for " + std::to_string(dim) +
                  " dimensions; the number of heads must divide the dimension");
  }

  /// Keys and values of a source x [batch, S, dim], for any number of queries.
  Memory prepare(const Tensor& x, const Tensor& mask = {}) const { return {project(x, 1), project(x, 2), mask}; }

  /// x [batch, T, dim] attends to a prepared source: [batch, T, dim].
  Tensor attend(const Tensor& x, const Memory& memory) const {
    return out_proj(attention(project(x, 0), memory.keys, memory.values, heads, memory.mask));
  }
  /// The same weights for pictures: [batch, heads, T, S].
  Tensor weights(const Tensor& x, const Memory& memory) const {
    return attention_weights(project(x, 0), memory.keys, heads, memory.mask);
  }

  /// x attends to itself; `causal`: position j sees the positions up to j alone. mask [batch, T] or broadcast to
  /// [batch, T, T].
  Tensor operator()(const Tensor& x, const Tensor& mask = {}, bool causal = false) const {
    return out_proj(attention(project(x, 0), project(x, 1), project(x, 2), heads, mask, causal));
  }

  /// The causal self-attention of one further position x [batch, 1, dim], given keys and values of those before it
  /// (undefined at first): its output, and the past that now includes it.
  std::pair<Tensor, Memory> step(const Tensor& x, const Memory& past) const {
    Memory now = prepare(x);
    if (past.keys.defined()) now = {concat({past.keys, now.keys}, 1), concat({past.values, now.values}, 1), {}};
    return {out_proj(attention(project(x, 0), now.keys, now.values, heads)), now};
  }

 private:
  /// Queries (part 0), keys (1) or values (2): [..., dim] -> [..., dim].
  Tensor project(const Tensor& x, Index part) const {
    const Index dim = in_proj_weight.size(1);
    return linear(x, narrow(in_proj_weight, 0, part * dim, dim), narrow(in_proj_bias, 0, part * dim, dim));
  }
};

}  // namespace gradus::nn
