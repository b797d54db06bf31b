#pragma once

#include <gradus/autograd/engine/tensor.h>

namespace gradus {

Tensor exp(const Tensor& x, Where = Where::current());
Tensor expm1(const Tensor& x, Where = Where::current());
Tensor log(const Tensor& x, Where = Where::current());
Tensor log1p(const Tensor& x, Where = Where::current());
Tensor sqrt(const Tensor& x, Where = Where::current());
Tensor rsqrt(const Tensor& x, Where = Where::current());
Tensor reciprocal(const Tensor& x, Where = Where::current());
Tensor sin(const Tensor& x, Where = Where::current());
Tensor cos(const Tensor& x, Where = Where::current());
Tensor erf(const Tensor& x, Where = Where::current());
Tensor tanh(const Tensor& x, Where = Where::current());
Tensor sigmoid(const Tensor& x, Where = Where::current());
/// The gradient at 0 is 0.
Tensor relu(const Tensor& x, Where = Where::current());
enum class Gelu { exact, tanh };
Tensor gelu(const Tensor& x, Gelu form = Gelu::exact, Where = Where::current());
Tensor silu(const Tensor& x, Where = Where::current());
/// log(1 + exp(x)), without PyTorch's linear shortcut above a threshold.
Tensor softplus(const Tensor& x, Where = Where::current());
/// The gradient at 0 is 0.
Tensor abs(const Tensor& x, Where = Where::current());
/// The gradient is 1 on [low, high], bounds included, else 0.
Tensor clamp(const Tensor& x, double low, double high, Where = Where::current());

}  // namespace gradus
