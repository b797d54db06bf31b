#pragma once

#include <gradus/autograd/engine/arguments.h>

// Over the given axes, or over all if none is given.
namespace gradus {

/// (Σ |x|^p)^(1/p); the largest |x| for p = INFINITY, the smallest for -INFINITY, the count of elements other than 0
/// for p = 0 (no gradient). Where the norm is 0, derivatives of every order are 0. Throws for p = NaN.
Tensor norm(const Tensor& x, Scalar p = 2, const Axes& axes = {}, Flag keepdim = false, Place = Place::current());
/// The square root of `var`. Where it is 0, derivatives of every order are 0. A caller that uses both namespaces
/// writes `gradus::std(x)`.
Tensor std(const Tensor& x, const Axes& axes = {}, Integer correction = 1, Flag keepdim = false,
           Place = Place::current());

}  // namespace gradus
