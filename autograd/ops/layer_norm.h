#pragma once

#include <optional>

#include <gradus/autograd/engine/arguments.h>

namespace gradus {

/// Over the last axis (Ba et al. 2016), biased variance; weight and bias [dim] or undefined. Throws for a negative
/// epsilon and for NaN.
Tensor layer_norm(const Tensor& x, const Tensor& weight = {}, const Tensor& bias = {}, Scalar epsilon = 1e-5,
                  Place = Place::current());
/// x / sqrt(mean(x²) + eps) * weight over the last axis (Zhang & Sennrich 2019); weight [dim] or undefined. Without
/// eps: the machine epsilon of the dtype. Throws for a negative eps and for NaN.
Tensor rms_norm(const Tensor& x, const Tensor& weight = {}, std::optional<Scalar> eps = {}, Place = Place::current());

}  // namespace gradus
