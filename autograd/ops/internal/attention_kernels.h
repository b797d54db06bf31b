#pragma once

#include <gradus/autograd/engine/record.h>

// The fused kernels of `attention`.
namespace gradus {

struct AttentionProblem {
  Index batch, targets, sources, heads, dim, value_dim;  // dim and value_dim are per head
  bool causal;
  double scale;
  /// Whether there are no numbers, in any number of heads.
  bool empty() const { return dim == 0 && value_dim == 0; }
};

/// Added to the scaled scores. Each is [batch, heads, T, S], where all extents but the last may be 1, or undefined.
struct ScoreTerms {
  Tensor mask;  // 0 for visible sources, -inf for hidden ones
  Tensor bias;
};

/// [batch, T, heads * value_dim]
Tensor attention_forward(const OpName& op, const AttentionProblem& p, const Tensor& query, const Tensor& key,
                         const Tensor& value, const ScoreTerms& terms);

/// The gradients of query, key, value and, if it is needed, of the bias [batch, heads, T, S]; weights are computed
/// again.
Grads attention_backward(const AttentionProblem& p, const Tensor& query, const Tensor& key, const Tensor& value,
                         const ScoreTerms& terms, const Tensor& dy, bool needs_bias);

}  // namespace gradus
