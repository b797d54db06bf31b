#pragma once

#include <gradus/autograd/engine/arguments.h>

namespace gradus {

/// Sets elements to zero with probability p in [0, 1) and scales the others by 1 / (1 - p). Draws from RandomScope.
Tensor dropout(const Tensor& x, Scalar p = 0.5, Place = Place::current());

}  // namespace gradus
