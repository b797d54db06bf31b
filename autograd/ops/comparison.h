#pragma once

#include <gradus/autograd/engine/arguments.h>

// A mask is a tensor of any dtype, true where it is not 0. A comparison returns a mask of 0 and 1 in the dtype of its
// tensors (f32 for i64), without a gradient. A number is compared in the tensor's dtype; beside i64, a number that is
// no integer is compared as f64.
namespace gradus {

/// a where mask is true, else b. Two numbers give the mask's dtype (f32 for i64).
Tensor where(const Tensor& mask, const Operand& a, const Operand& b, Place = Place::current());
/// `value` where mask is true, else x.
Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value, Place = Place::current());

/// The mask of a comparison per element: 1 where it holds, else 0.
Tensor equal(const Operand& a, const Operand& b);
Tensor not_equal(const Operand& a, const Operand& b);
Tensor less(const Operand& a, const Operand& b);
Tensor less_equal(const Operand& a, const Operand& b);
Tensor greater(const Operand& a, const Operand& b);
Tensor greater_equal(const Operand& a, const Operand& b);
// Per element, == and != too: for one bool of two tensors, reduce the mask.
inline Tensor operator==(const Operand& a, const Operand& b) { return equal(a, b); }
inline Tensor operator!=(const Operand& a, const Operand& b) { return not_equal(a, b); }
inline Tensor operator<(const Operand& a, const Operand& b) { return less(a, b); }
inline Tensor operator<=(const Operand& a, const Operand& b) { return less_equal(a, b); }
inline Tensor operator>(const Operand& a, const Operand& b) { return greater(a, b); }
inline Tensor operator>=(const Operand& a, const Operand& b) { return greater_equal(a, b); }

Tensor logical_not(const Argument& mask);  // 1 where the mask is 0, else 0
/// Masks of two dtypes give f64 if one is f64, else f32.
Tensor logical_and(const Operand& a, const Operand& b);
Tensor logical_or(const Operand& a, const Operand& b);
Tensor logical_xor(const Operand& a, const Operand& b);
/// 1 where x is NaN, else 0.
Tensor isnan(const Argument& x);
/// 1 where x is inf or -inf, else 0.
Tensor isinf(const Argument& x);
/// 1 where x is neither infinite nor NaN, else 0.
Tensor isfinite(const Argument& x);
/// |a - b| <= atol + rtol |b|. Equal infinities are close; NaN is close to NaN with equal_nan.
Tensor isclose(const Tensor& a, const Tensor& b, Scalar rtol = 1e-5, Scalar atol = 1e-8, Flag equal_nan = false,
               Place = Place::current());
/// Whether all elements are close.
bool allclose(const Tensor& a, const Tensor& b, Scalar rtol = 1e-5, Scalar atol = 1e-8, Flag equal_nan = false,
              Place = Place::current());
/// [n, n], with 1 on and below the diagonal, else 0.
Tensor causal_mask(Integer n, DType dtype = DType::f32, Place = Place::current());

}  // namespace gradus
