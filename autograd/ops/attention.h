#pragma once

#include <gradus/autograd/engine/tensor.h>

namespace gradus {

/// Scaled dot-product attention (Vaswani et al. 2017, eq. 1), heads side by side in the last axis:
/// query [batch, T, heads * d], key [batch, S, heads * d], value [batch, S, heads * e] -> [batch, T, heads * e].
/// `keep` is a mask that broadcasts to [batch, T, S] (or [batch, S] for all queries alike) or undefined; `causal`
/// further hides source positions > the query's (aligned at the start). A query that may see nothing gets zeros. scale
/// 0 means 1/sqrt(d). The [T, S] weights are never kept for backward. A query's result has the same bits in any batch
/// and under any padding of the sources; under RowInvariant, of the targets as well.
Tensor attention(const Tensor& query, const Tensor& key, const Tensor& value, Index heads, const Tensor& keep = {},
                 bool causal = false, double scale = 0, Place = Place::current());
/// The weights that `attention` uses, averaged over nothing: [batch, heads, T, S]. For pictures; composed of plain ops.
Tensor attention_weights(const Tensor& query, const Tensor& key, Index heads, const Tensor& keep = {},
                         bool causal = false, double scale = 0, Place = Place::current());

}  // namespace gradus
