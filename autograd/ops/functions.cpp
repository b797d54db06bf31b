#include <gradus/autograd/ops/functions.h>

#include <fmt/format.h>

#include <numbers>

#include <gradus/autograd/ops/pointwise.h>

namespace gradus {

namespace {

template <class F>
Tensor unary(const char* name, const Tensor& x, Place place) {
  const auto value = [](auto v) { return apply<F>(v); };
  if constexpr (has_slope_of_result<F>)
    return pointwise({name, place}, x, value, of_result([](auto y) { return F::slope_of_result(y); }));
  else
    return pointwise({name, place}, x, value, [](auto v) { return F::slope(v); });
}

constexpr double sqrt_2_by_pi = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;

// Beyond these bounds sigmoid and normal_cdf are flat. The bounds prevent products of 0 and infinity.
template <class S>
S above(S v) {
  return max(v, S(-1e4));
}
template <class S>
S between(S v) {
  return min(above(v), S(1e4));
}

/// (1 + tanh(u)) / 2 = sigmoid(2u), with u of the approximation of gelu.
template <class S>
S gelu_sigmoid(S c) {
  return sigmoid(2 * sqrt_2_by_pi * (c + 0.044715 * (c * c * c)));
}

template <class S>
S clamped(S v, double low, double high) {
  return where(v < low, low, where(v > high, high, v));
}

}  // namespace

Tensor exp(const Tensor& x, Place place) { return unary<Exp>("exp", x, place); }
Tensor expm1(const Tensor& x, Place place) { return unary<Expm1>("expm1", x, place); }
Tensor log(const Tensor& x, Place place) { return unary<Log>("log", x, place); }
Tensor log1p(const Tensor& x, Place place) { return unary<Log1p>("log1p", x, place); }
Tensor sqrt(const Tensor& x, Place place) { return unary<Sqrt>("sqrt", x, place); }
Tensor rsqrt(const Tensor& x, Place place) { return unary<Rsqrt>("rsqrt", x, place); }
Tensor reciprocal(const Tensor& x, Place place) { return unary<Reciprocal>("reciprocal", x, place); }
Tensor sin(const Tensor& x, Place place) { return unary<Sin>("sin", x, place); }
Tensor cos(const Tensor& x, Place place) { return unary<Cos>("cos", x, place); }
Tensor erf(const Tensor& x, Place place) { return unary<Erf>("erf", x, place); }
Tensor tanh(const Tensor& x, Place place) { return unary<Tanh>("tanh", x, place); }
Tensor sigmoid(const Tensor& x, Place place) { return unary<Sigmoid>("sigmoid", x, place); }
Tensor relu(const Tensor& x, Place place) { return unary<Relu>("relu", x, place); }
Tensor softplus(const Tensor& x, Place place) { return unary<Softplus>("softplus", x, place); }

Tensor abs(const Tensor& x, Place place) {
  return pointwise({"abs", place}, x, [](auto v) { return abs(v); });
}

Tensor gelu(const Tensor& x, Gelu form, Place place) {
  if (form == Gelu::exact) {
    return pointwise(
        {"gelu", place}, x, [](auto v) { return above(v) * normal_cdf(v); },
        [](auto v) {
          const auto c = between(v);
          return normal_cdf(c) + c * exp(-0.5 * (c * c)) * (0.5 * sqrt_2_by_pi);
        });
  }
  return pointwise(
      {"gelu", place}, x, [](auto v) { return above(v) * gelu_sigmoid(between(v)); },
      [](auto v) {
        const auto c = between(v), s = gelu_sigmoid(c);
        return s + c * s * (1.0 - s) * (2 * sqrt_2_by_pi) * (1.0 + 0.134145 * (c * c));
      });
}

Tensor silu(const Tensor& x, Place place) {
  return pointwise(
      {"silu", place}, x, [](auto v) { return above(v) * sigmoid(v); },
      [](auto v) {
        const auto s = sigmoid(v);
        return s * (1.0 + between(v) * (1.0 - s));
      });
}

Tensor clamp(const Tensor& x, double low, double high, Place place) {
  if (!(low <= high)) throw Error(fmt::format("clamp: the bounds {} and {} are not in order", low, high), place);
  return pointwise({"clamp", place}, x, [low, high](auto v) { return clamped(v, low, high); });
}

}  // namespace gradus
