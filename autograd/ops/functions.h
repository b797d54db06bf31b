#pragma once

#include <optional>

#include <gradus/autograd/engine/arguments.h>

namespace gradus {

Tensor exp(const Argument& x);
Tensor expm1(const Argument& x);
Tensor log(const Argument& x);
Tensor log1p(const Argument& x);
Tensor sqrt(const Argument& x);
Tensor rsqrt(const Argument& x);
Tensor reciprocal(const Argument& x);
Tensor sin(const Argument& x);
Tensor cos(const Argument& x);
Tensor erf(const Argument& x);
Tensor tanh(const Argument& x);
Tensor sigmoid(const Argument& x);
/// The gradient at 0 is 0, and 1 at NaN.
Tensor relu(const Argument& x);
/// gelu and silu have their limits at infinities: 0 with the slope 0 at -inf, and the slope 1 at inf.
enum class Gelu { exact, tanh };
Tensor gelu(const Tensor& x, Gelu form = Gelu::exact, Place = Place::current());
Tensor silu(const Argument& x);
/// log(1 + exp(beta x)) / beta. Unlike PyTorch's, it has no threshold above which it is linear. Throws when beta is 0.
Tensor softplus(const Tensor& x, Scalar beta = 1, Place place = Place::current());
/// The gradient at 0 and NaN is 0. Also for i64, where |-2^63| wraps around.
Tensor abs(const Argument& x);
/// min(max(x, low), high), also for i64. The gradient goes to x on [low, high], else to the bound; it is 0 at NaN. A
/// bound that is not given does not bound. Throws without any bound, and unless low <= high where both are numbers.
Tensor clamp(const Tensor& x, std::optional<Operand> low = {}, std::optional<Operand> high = {},
             Place = Place::current());
Tensor clamp_min(const Tensor& x, const Operand& low, Place = Place::current());
Tensor clamp_max(const Tensor& x, const Operand& high, Place = Place::current());

}  // namespace gradus
