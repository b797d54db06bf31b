#pragma once

#include <gradus/autograd/engine/tensor.h>

namespace gradus {

/// An operand of an operator such as `a + b`, with the caller's place.
struct Operand {
  const Tensor& tensor;
  Place place;
  Operand(const Tensor& t, Place w = Place::current()) : tensor(t), place(w) {}
};

Tensor add(const Tensor& a, const Tensor& b, Place = Place::current());
Tensor sub(const Tensor& a, const Tensor& b, Place = Place::current());
Tensor mul(const Tensor& a, const Tensor& b, Place = Place::current());
Tensor div(const Tensor& a, const Tensor& b, Place = Place::current());
Tensor add(const Tensor& a, double b, Place = Place::current());
Tensor mul(const Tensor& a, double b, Place = Place::current());
Tensor neg(const Tensor& x, Place = Place::current());
/// a^b. As in PyTorch, pow(x, 0) is 1 with gradient 0. The gradient of b is 0 where a <= 0.
Tensor pow(const Tensor& a, const Tensor& b, Place = Place::current());
Tensor pow(const Tensor& a, double b, Place = Place::current());
Tensor square(const Tensor& x, Place = Place::current());
/// a + scale * b
Tensor add_scaled(const Tensor& a, const Tensor& b, double scale, Place = Place::current());
/// The smaller or larger element; NaN if either is NaN. Equal elements get half of the gradient each.
Tensor minimum(const Tensor& a, const Tensor& b, Place = Place::current());
Tensor maximum(const Tensor& a, const Tensor& b, Place = Place::current());

inline Tensor operator+(Operand a, const Tensor& b) { return add(a.tensor, b, a.place); }
inline Tensor operator-(Operand a, const Tensor& b) { return sub(a.tensor, b, a.place); }
inline Tensor operator*(Operand a, const Tensor& b) { return mul(a.tensor, b, a.place); }
inline Tensor operator/(Operand a, const Tensor& b) { return div(a.tensor, b, a.place); }
inline Tensor operator+(Operand a, double b) { return add(a.tensor, b, a.place); }
inline Tensor operator-(Operand a, double b) { return add(a.tensor, -b, a.place); }
inline Tensor operator*(Operand a, double b) { return mul(a.tensor, b, a.place); }
inline Tensor operator/(Operand a, double b) { return mul(a.tensor, 1 / b, a.place); }
inline Tensor operator+(double a, Operand b) { return add(b.tensor, a, b.place); }
inline Tensor operator*(double a, Operand b) { return mul(b.tensor, a, b.place); }
Tensor operator-(double a, Operand b);
Tensor operator/(double a, Operand b);
inline Tensor operator-(Operand x) { return neg(x.tensor, x.place); }

}  // namespace gradus
