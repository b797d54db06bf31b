#pragma once

#include <gradus/autograd/engine/arguments.h>

// New tensors, beside those that Tensor's own functions create. None has a gradient.
namespace gradus {

/// Of x's shape and dtype.
Tensor zeros_like(const Argument& x);
Tensor ones_like(const Argument& x);
Tensor full_like(const Tensor& x, Scalar value, Place = Place::current());
/// Uniform on [0, 1) and standard normal, with numbers from RandomScope, in the shape and dtype of a floating x.
Tensor rand_like(const Argument& x);
Tensor randn_like(const Argument& x);
/// The identity matrix [n, n].
Tensor eye(Integer n, DType dtype = DType::f32, Place = Place::current());
/// `steps` numbers from start to end, both included, at equal distances: [steps].
Tensor linspace(Scalar start, Scalar end, Integer steps, DType dtype = DType::f32, Place = Place::current());

}  // namespace gradus
