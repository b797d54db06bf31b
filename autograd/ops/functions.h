#pragma once

#include <gradus/autograd/engine/tensor.h>

namespace gradus {

Tensor exp(const Tensor& x, Place = Place::current());
Tensor expm1(const Tensor& x, Place = Place::current());
Tensor log(const Tensor& x, Place = Place::current());
Tensor log1p(const Tensor& x, Place = Place::current());
Tensor sqrt(const Tensor& x, Place = Place::current());
Tensor rsqrt(const Tensor& x, Place = Place::current());
Tensor reciprocal(const Tensor& x, Place = Place::current());
Tensor sin(const Tensor& x, Place = Place::current());
Tensor cos(const Tensor& x, Place = Place::current());
Tensor erf(const Tensor& x, Place = Place::current());
Tensor tanh(const Tensor& x, Place = Place::current());
Tensor sigmoid(const Tensor& x, Place = Place::current());
/// The gradient at 0 is 0.
Tensor relu(const Tensor& x, Place = Place::current());
enum class Gelu { exact, tanh };
Tensor gelu(const Tensor& x, Gelu form = Gelu::exact, Place = Place::current());
Tensor silu(const Tensor& x, Place = Place::current());
/// log(1 + exp(x)). Unlike PyTorch's, it has no threshold above which it is linear.
Tensor softplus(const Tensor& x, Place = Place::current());
/// The gradient at 0 is 0.
Tensor abs(const Tensor& x, Place = Place::current());
/// The gradient is 1 on [low, high], else 0. Throws unless low <= high.
Tensor clamp(const Tensor& x, double low, double high, Place = Place::current());

}  // namespace gradus
