#pragma once

#include <gradus/autograd/engine/arguments.h>

// Of any dtype; products of i64 wrap. No derivative divides, so all are right where elements are 0.
namespace gradus {

/// Over the given axes, or over all if none is given. The product of no elements is 1.
Tensor prod(const Tensor& x, const Axes& axes = {}, Flag keepdim = false, Place = Place::current());
/// Element i is the product of the elements 0 to i of the axis.
Tensor cumprod(const Tensor& x, Integer axis, Place = Place::current());

}  // namespace gradus
