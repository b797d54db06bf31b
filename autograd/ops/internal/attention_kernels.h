#pragma once

#include <gradus/autograd/engine/record.h>

// The fused kernels of `attention`. The bias is added to the scores: 0 for visible sources, -inf for hidden
// ones. It is [batch, heads, T, S], where all extents but the last may be 1, or undefined if all are visible.
namespace gradus {

struct AttentionProblem {
  Index batch, targets, sources, heads, dim, value_dim;  // dim and value_dim are per head
  bool causal;
  double scale;
};

/// [batch, T, heads * value_dim]
Tensor attention_forward(const AttentionProblem& p, const Tensor& query, const Tensor& key, const Tensor& value,
                         const Tensor& bias);

/// The gradients of query, key and value; weights are computed again.
Grads attention_backward(const AttentionProblem& p, const Tensor& query, const Tensor& key, const Tensor& value,
                         const Tensor& bias, const Tensor& dy);

}  // namespace gradus
