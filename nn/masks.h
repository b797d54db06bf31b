#pragma once

#include <gradus/autograd/ops/comparison.h>

namespace gradus::nn {

/// 1 for a token and 0 for padding, in f32. i64 ids [batch, time] -> [batch, time]. To multiply by it, convert it with
/// to(mask, x.dtype()): models also run in f64.
inline Tensor padding_mask(const Tensor& ids, Index pad = 0) { return not_equal(ids, static_cast<double>(pad)); }

}  // namespace gradus::nn
