#pragma once

#include <gradus/autograd/engine/arguments.h>

namespace gradus {

/// Over the last axis (Ba et al. 2016), biased variance; weight and bias [dim] or undefined.
Tensor layer_norm(const Tensor& x, const Tensor& weight = {}, const Tensor& bias = {}, Scalar epsilon = 1e-5,
                  Place = Place::current());

}  // namespace gradus
