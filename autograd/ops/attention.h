#pragma once

#include <gradus/autograd/engine/arguments.h>

namespace gradus {

/// Scaled dot-product attention (Vaswani et al. 2017, eq. 1), heads side by side in the last axis:
/// query [batch, T, heads * d], key [batch, S, heads * d], value [batch, S, heads * e] -> [batch, T, heads * e].
/// - mask: true where a query sees a source, of any dtype; undefined: all sources are visible. It is read by its rank:
///   [S], [T, S] or [batch, heads, T, S], where each extent may be 1. The padding of sources is a mask
///   [batch, 1, 1, S]: `nn::visible_sources` makes it from [batch, S]. A mask of three axes throws.
/// - causal: also hides the source positions after the query's. A query without visible sources gets zeros.
/// - scale: 0 means 1/sqrt(d).
/// The [T, S] weights are not kept for backward. The bits of a query's result do not depend on the batch or the padding
/// of the sources, and under RowInvariant not on the number of targets.
Tensor attention(const Tensor& query, const Tensor& key, const Tensor& value, Integer heads, const Tensor& mask = {},
                 Flag causal = false, Scalar scale = 0, Place = Place::current());
/// The weights of `attention`, per head: [batch, heads, T, S]. For display; composed of plain ops.
Tensor attention_weights(const Tensor& query, const Tensor& key, Integer heads, const Tensor& mask = {},
                         Flag causal = false, Scalar scale = 0, Place = Place::current());

}  // namespace gradus
