#pragma once

#include <gradus/autograd/engine/arguments.h>

namespace gradus {

/// Of `attention` and `attention_weights`. Mask and bias are read by their rank; each extent may be 1.
struct AttentionOptions {
  /// True where a query sees a source, of any dtype: [S], [T, S] or [batch, heads, T, S]. The padding of sources is a
  /// mask [batch, 1, 1, S]: `nn::visible_sources` makes it from [batch, S]. A mask of three axes throws.
  Tensor mask = {};
  /// Added to the scores, of the query's dtype: [S], [T, S], [heads, T, S] or [batch, heads, T, S]. -inf hides a
  /// source.
  Tensor bias = {};
  Flag causal = false;  // also hides the source positions after the query's
  Scalar scale = 0;     // of the scores, before the bias; 0 means 1 / sqrt(d)
};

/// Scaled dot-product attention (Vaswani et al. 2017, eq. 1), heads side by side in the last axis:
/// query [batch, T, heads * d], key [batch, S, heads * d], value [batch, S, heads * e] -> [batch, T, heads * e].
/// A query without visible sources gets zeros.
/// - The [T, S] weights are not kept for backward. The gradient of a bias has the shape [batch, heads, T, S] before it
///   is summed to the bias's own.
/// - The bits of a query's result do not depend on the batch or the padding of the sources, and under RowInvariant not
///   on the number of targets.
Tensor attention(const Tensor& query, const Tensor& key, const Tensor& value, Integer heads,
                 const AttentionOptions& options = {}, Place = Place::current());
/// The weights of `attention`, per head: [batch, heads, T, S]. Composed of plain ops.
Tensor attention_weights(const Tensor& query, const Tensor& key, Integer heads, const AttentionOptions& options = {},
                         Place = Place::current());

}  // namespace gradus
