#include <gradus/autograd/ops/attention.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <gradus/autograd/engine/broadcast.h>
#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/engine/recompute.h>
#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/comparison.h>
#include <gradus/autograd/ops/internal/attention_kernels.h>
#include <gradus/autograd/ops/matmul.h>
#include <gradus/autograd/ops/shape.h>
#include <gradus/autograd/ops/softmax.h>

namespace gradus {

namespace {

AttentionProblem check(const OpName& op, const Tensor& q, const Tensor& k, const Tensor& v, Index heads,
                       const AttentionOptions& o) {
  check_floating(op, q);
  const bool fits = heads > 0 && q.rank() == 3 && k.rank() == 3 && v.rank() == 3 && k.shape()[0] == q.shape()[0] &&
                    v.shape()[0] == q.shape()[0] && k.shape()[1] == v.shape()[1] && k.shape()[2] == q.shape()[2] &&
                    q.shape()[2] % heads == 0 && v.shape()[2] % heads == 0 && k.dtype() == q.dtype() &&
                    v.dtype() == q.dtype();
  if (!fits) {
    throw Error(fmt::format("{}: query {}, key {}, value {} and {} heads do not fit: expected [batch, T, heads * d], "
                            "[batch, S, heads * d], [batch, S, heads * e]",
                            op.name, describe(q), describe(k), describe(v), heads),
                op.place);
  }
  if (!std::isfinite(o.scale.value()))
    throw Error(fmt::format("{}: scale is {}, expected a finite number", op.name, o.scale.value()), op.place);
  AttentionProblem p{q.shape()[0],         q.shape()[1],         k.shape()[1], heads,
                     q.shape()[2] / heads, v.shape()[2] / heads, o.causal,     o.scale};
  check_shape(op, {p.batch, p.heads, p.targets, p.sources});
  if (p.scale == 0) p.scale = p.dim ? 1 / std::sqrt(static_cast<double>(p.dim)) : 1;
  return p;
}

bool all_visible(const Tensor& mask) {
  return dispatch(mask.dtype(), [&](auto zero) {
    const auto* seen = mask.data<decltype(zero)>();
    return std::find(seen, seen + mask.numel(), zero) == seen + mask.numel();
  });
}

Shape scores_of(const AttentionProblem& p) { return {p.batch, p.heads, p.targets, p.sources}; }

// x as [batch, heads, T, S], where all extents but the last may be 1.
Tensor in_four_axes(const Tensor& x, Index sources) {
  Shape shape{1, 1, 1, 1};
  for (Index i = 1; i <= x.rank(); ++i) shape[-i] = x.shape()[-i];
  const Tensor four = reshape(x, shape);
  if (shape[3] == sources) return four;
  shape[3] = sources;
  return expand(four, shape);
}

// The mask as a term of the scores.
Tensor mask_term(const OpName& op, const Tensor& mask, const AttentionProblem& p, DType dtype) {
  if (!mask.defined()) return {};
  const Shape scores = scores_of(p);
  if (mask.rank() == 0 || mask.rank() == 3 || !broadcasts_to(mask.shape(), scores)) {
    throw Error(fmt::format("{}: the mask {} does not fit: expected [S], [T, S] or [batch, heads, T, S] of {}, where "
                            "each extent may be 1; the padding of sources is [batch, 1, 1, S]",
                            op.name, describe(mask), to_string(scores)),
                op.place);
  }
  if (all_visible(mask)) return {};
  const Tensor visible = in_four_axes(mask.detach(), p.sources);
  return where(visible, Tensor::zeros(op, {}, dtype),
               Tensor::full({}, -std::numeric_limits<double>::infinity(), dtype));
}

Tensor bias_term(const OpName& op, const Tensor& bias, const AttentionProblem& p, DType dtype) {
  if (!bias.defined()) return {};
  if (bias.rank() == 0 || bias.dtype() != dtype || !broadcasts_to(bias.shape(), scores_of(p))) {
    throw Error(fmt::format("{}: the bias {} does not fit: expected {} [S], [T, S], [heads, T, S] or [batch, heads, T, "
                            "S] of {}, where each extent may be 1",
                            op.name, describe(bias), name(dtype), to_string(scores_of(p))),
                op.place);
  }
  return in_four_axes(bias.detach(), p.sources);
}

// [batch, n, heads * d] -> [batch, heads, n, d]
Tensor split_heads(const Tensor& x, Index heads) {
  return transpose(reshape(x, {x.shape()[0], x.shape()[1], heads, x.shape()[2] / heads}), 1, 2);
}

Tensor weights_in_plain_ops(const Tensor& q, const Tensor& k, const AttentionProblem& p, const Tensor& mask,
                            const Tensor& bias) {
  Tensor scores =
      matmul(split_heads(q, p.heads), transpose(split_heads(k, p.heads))) * p.scale;  // [batch, heads, T, S]
  if (bias.defined()) scores = scores + bias;
  Tensor seen;
  if (mask.defined()) seen = equal(mask, 0.0);
  if (p.causal) {
    Tensor past = Tensor::zeros({p.targets, p.sources}, q.dtype());
    dispatch(past.dtype(), [&](auto zero) {
      auto* m = past.mutable_data<decltype(zero)>();
      for (Index t = 0; t < p.targets; ++t)
        for (Index s = 0; s <= t && s < p.sources; ++s) m[t * p.sources + s] = 1;
    });
    seen = seen.defined() ? logical_and(seen, past) : past;
  }
  return softmax(scores, -1, seen);
}

Tensor in_plain_ops(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionProblem& p, const Tensor& mask,
                    const Tensor& bias) {
  const Tensor weights = weights_in_plain_ops(q, k, p, mask, bias);
  const Tensor context = matmul(weights, split_heads(v, p.heads));  // [batch, heads, T, e]
  return reshape(transpose(context, 1, 2), {p.batch, p.targets, p.heads * p.value_dim});
}

}  // namespace

Tensor attention(const Tensor& query, const Tensor& key, const Tensor& value, Integer heads,
                 const AttentionOptions& options, Place place) {
  const OpName op("attention", place);
  const AttentionProblem p = check(op, query, key, value, heads, options);
  const Tensor bias = options.bias;
  const ScoreTerms terms{mask_term(op, options.mask, p, query.dtype()), bias_term(op, bias, p, query.dtype())};
  const Tensor y = attention_forward(op, p, query, key, value, terms);
  const Input inputs[] = {query, key, value, bias.defined() ? bias : query};
  return record(op, y, std::span<const Input>(inputs, bias.defined() ? 4 : 3),
                [query, key, value, bias, p, terms](const Tensor& dy, Needs needs) {
                  if (!grad_enabled())
                    return attention_backward(p, query, key, value, terms, dy, bias.defined() && needs[3]);
                  std::vector<Tensor> in{query, key, value};
                  if (bias.defined()) in.push_back(bias);
                  const auto in_ops = [&](const std::vector<Tensor>& x) {
                    return in_plain_ops(x[0], x[1], x[2], p, terms.mask, x.size() > 3 ? x[3] : Tensor());
                  };
                  return gradients_through(in_ops, in, dy, needs);
                });
}

Tensor attention_weights(const Tensor& query, const Tensor& key, Integer heads, const AttentionOptions& options,
                         Place place) {
  const OpName op("attention_weights", place);
  const AttentionProblem p = check(op, query, key, key, heads, options);
  bias_term(op, options.bias, p, query.dtype());
  return weights_in_plain_ops(query, key, p, mask_term(op, options.mask, p, query.dtype()), options.bias);
}

}  // namespace gradus
