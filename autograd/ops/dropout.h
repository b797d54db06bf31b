#pragma once

#include <gradus/autograd/engine/tensor.h>

namespace gradus {

/// Zeroes elements with probability p and scales the others by 1 / (1 - p); draws from RandomScope. p in [0, 1).
Tensor dropout(const Tensor& x, double p, Place = Place::current());

}  // namespace gradus
