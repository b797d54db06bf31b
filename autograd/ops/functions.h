#pragma once

#include <optional>

#include <gradus/autograd/engine/arguments.h>

// Elementwise, of f32 and f64 unless a comment says otherwise.
namespace gradus {

Tensor exp(const Argument& x);         // e^x
Tensor expm1(const Argument& x);       // exp(x) - 1, also precise near 0
Tensor log(const Argument& x);         // natural logarithm; NaN below 0
Tensor log1p(const Argument& x);       // log(1 + x), also precise near 0
Tensor sqrt(const Argument& x);        // NaN below 0
Tensor rsqrt(const Argument& x);       // 1 / sqrt(x)
Tensor reciprocal(const Argument& x);  // 1 / x
Tensor sin(const Argument& x);         // x in radians
Tensor cos(const Argument& x);         // x in radians
Tensor erf(const Argument& x);         // error function: 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x
Tensor tanh(const Argument& x);        // hyperbolic tangent
Tensor sigmoid(const Argument& x);     // 1 / (1 + exp(-x))
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
