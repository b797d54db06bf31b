#pragma once

#include <gradus/autograd/engine/tensor.h>

// A mask is a tensor of any dtype, true where it is not 0. A comparison returns a mask of 0 and 1 in the dtype of its
// operands (f32 for i64), without a gradient.
namespace gradus {

/// a where mask is true, else b.
Tensor where(const Tensor& mask, const Tensor& a, const Tensor& b, Place = Place::current());
/// `value` where mask is true, else x.
Tensor masked_fill(const Tensor& x, const Tensor& mask, double value, Place = Place::current());

Tensor equal(const Tensor& a, const Tensor& b, Place = Place::current());
Tensor not_equal(const Tensor& a, const Tensor& b, Place = Place::current());
Tensor less(const Tensor& a, const Tensor& b, Place = Place::current());
Tensor less_equal(const Tensor& a, const Tensor& b, Place = Place::current());
Tensor greater(const Tensor& a, const Tensor& b, Place = Place::current());
Tensor greater_equal(const Tensor& a, const Tensor& b, Place = Place::current());
Tensor equal(const Tensor& a, double b, Place = Place::current());
Tensor not_equal(const Tensor& a, double b, Place = Place::current());
Tensor less(const Tensor& a, double b, Place = Place::current());
Tensor greater(const Tensor& a, double b, Place = Place::current());
Tensor logical_not(const Tensor& mask, Place = Place::current());
Tensor logical_and(const Tensor& a, const Tensor& b, Place = Place::current());
Tensor is_finite(const Tensor& x, Place = Place::current());
/// [n, n], with 1 on and below the diagonal, else 0.
Tensor causal_mask(Index n, DType dtype = DType::f32);

}  // namespace gradus
