#pragma once

#include <gradus/autograd/ops/comparison.h>

namespace gradus::nn {

/// 1 for a token and 0 for padding. i64 ids [batch, time] -> [batch, time]
inline Tensor padding_mask(const Tensor& ids, Index pad = 0) { return not_equal(ids, static_cast<double>(pad)); }

}  // namespace gradus::nn
