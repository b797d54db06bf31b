#pragma once

#include <gradus/autograd/engine/arguments.h>

// Elementwise, of any dtype. The gradient is 0.
namespace gradus {

Tensor floor(const Argument& x);  // the largest integer that is at most x
Tensor ceil(const Argument& x);   // the smallest integer that is at least x
/// To the nearest integer; halves go to the even one.
Tensor round(const Argument& x);
/// Towards 0.
Tensor trunc(const Argument& x);
/// -1, 0 or 1; 0 for NaN, as in PyTorch.
Tensor sign(const Argument& x);

}  // namespace gradus
