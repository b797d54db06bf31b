#pragma once

#include <gradus/autograd/engine/tensor.h>

// Masks: tensors of any dtype whose non-zero elements mean true. Comparisons return masks of 0 and 1 in the dtype of
// their operands (f32 when these are i64), without gradient.
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
/// 1 on and below the diagonal, else 0: [n, n].
Tensor causal_mask(Index n, DType dtype = DType::f32);

}  // namespace gradus
