#pragma once

#include <gradus/autograd/engine/tensor.h>

namespace gradus {

/// Over the last axis (Ba et al. 2016), biased variance; weight and bias [dim] or undefined.
Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double epsilon = 1e-5,
                  Place = Place::current());

}  // namespace gradus
