#pragma once

#include <gradus/autograd/engine/arguments.h>

// An operand is a tensor or a number, on either side. Two numbers are an error. add, sub, mul, neg, square, minimum and
// maximum are also for i64, where results wrap around at 2^63.
namespace gradus {

Tensor add(const Operand& a, const Operand& b);  // a + b
Tensor sub(const Operand& a, const Operand& b);  // a - b
Tensor mul(const Operand& a, const Operand& b);  // a b
/// Division by a number multiplies by its reciprocal. Not for i64, which floor_divide divides.
Tensor div(const Operand& a, const Operand& b);
/// -x
Tensor neg(const Argument& x);
/// a^b. As in PyTorch, pow(x, 0) is 1 with gradient 0. The gradient of b is 0 where a <= 0.
Tensor pow(const Operand& a, const Operand& b);
/// x^2
Tensor square(const Argument& x);
/// a + scale * b
Tensor add_scaled(const Tensor& a, const Tensor& b, Scalar scale, Place = Place::current());
/// The smaller or larger element; NaN if either is NaN. Equal elements get half of the gradient each; beside a NaN,
/// both operands get all of it.
Tensor minimum(const Operand& a, const Operand& b);
Tensor maximum(const Operand& a, const Operand& b);

/// add, sub, mul, div and neg.
inline Tensor operator+(const Operand& a, const Operand& b) { return add(a, b); }
inline Tensor operator-(const Operand& a, const Operand& b) { return sub(a, b); }
inline Tensor operator*(const Operand& a, const Operand& b) { return mul(a, b); }
inline Tensor operator/(const Operand& a, const Operand& b) { return div(a, b); }
inline Tensor operator-(const Argument& x) { return neg(x); }

/// x = x + y, and so on: binds the handle to the sum. No values are written, so other handles keep the old tensor.
/// Throws when the result has another shape than x. Throws for a parameter (a leaf with a gradient or a name), which
/// would stay as it is; `nn::copy_into` writes its values.
Tensor& operator+=(Tensor& x, const Operand& y);
Tensor& operator-=(Tensor& x, const Operand& y);
Tensor& operator*=(Tensor& x, const Operand& y);
Tensor& operator/=(Tensor& x, const Operand& y);

}  // namespace gradus
