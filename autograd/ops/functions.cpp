#include <gradus/autograd/ops/functions.h>

#include <numbers>

#include <gradus/autograd/ops.h>
#include <gradus/autograd/ops/pointwise.h>

namespace gradus {

namespace {

constexpr double sqrt_2_by_pi = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;

// Bounds beyond which sigmoid and its like are flat, so that no factor of 0 meets an infinity.
template <class S>
S above(S v) {
  return max(v, S(-1e4));
}
template <class S>
S between(S v) {
  return min(above(v), S(1e4));
}

}  // namespace

Tensor exp(const Tensor& x, Place place) {
  return pointwise_by_output(
      OpName("exp", place), [](auto v) { return exp(v); }, [](auto y) { return y; }, x);
}

Tensor expm1(const Tensor& x, Place place) {
  return pointwise_by_output(
      OpName("expm1", place), [](auto v) { return expm1(v); }, [](auto y) { return y + 1.0; }, x);
}

Tensor log(const Tensor& x, Place place) {
  return pointwise(
      OpName("log", place), [](auto v) { return log(v); }, derivatives([](auto v) { return 1.0 / v; }), x);
}

Tensor log1p(const Tensor& x, Place place) {
  return pointwise(
      OpName("log1p", place), [](auto v) { return log1p(v); }, derivatives([](auto v) { return 1.0 / (v + 1.0); }), x);
}

Tensor sqrt(const Tensor& x, Place place) {
  return pointwise_by_output(
      OpName("sqrt", place), [](auto v) { return sqrt(v); }, [](auto y) { return 0.5 / y; }, x);
}

Tensor rsqrt(const Tensor& x, Place place) {
  return pointwise_by_output(
      OpName("rsqrt", place), [](auto v) { return rsqrt(v); }, [](auto y) { return -0.5 * (y * y * y); }, x);
}

Tensor reciprocal(const Tensor& x, Place place) {
  return pointwise_by_output(
      OpName("reciprocal", place), [](auto v) { return 1.0 / v; }, [](auto y) { return -(y * y); }, x);
}

Tensor sin(const Tensor& x, Place place) {
  return pointwise(
      OpName("sin", place), [](auto v) { return sin(v); }, derivatives([](auto v) { return cos(v); }), x);
}

Tensor cos(const Tensor& x, Place place) {
  return pointwise(
      OpName("cos", place), [](auto v) { return cos(v); }, derivatives([](auto v) { return -sin(v); }), x);
}

Tensor erf(const Tensor& x, Place place) {
  return pointwise(
      OpName("erf", place), [](auto v) { return erf(v); },
      derivatives([](auto v) { return 2 * std::numbers::inv_sqrtpi * exp(-(v * v)); }), x);
}

Tensor tanh(const Tensor& x, Place place) {
  return pointwise_by_output(
      OpName("tanh", place), [](auto v) { return tanh(v); }, [](auto y) { return 1.0 - y * y; }, x);
}

Tensor sigmoid(const Tensor& x, Place place) {
  return pointwise_by_output(
      OpName("sigmoid", place), [](auto v) { return sigmoid(v); }, [](auto y) { return y * (1.0 - y); }, x);
}

Tensor relu(const Tensor& x, Place place) {
  return pointwise_by_output(
      OpName("relu", place), [](auto v) { return where(v < 0.0, decltype(v)(0), v); },
      [](auto y) { return where(y > 0.0, decltype(y)(1), decltype(y)(0)); }, x);
}

Tensor gelu(const Tensor& x, Gelu form, Place place) {
  const OpName op("gelu", place);
  if (form == Gelu::exact)
    return pointwise(
        op, [](auto v) { return above(v) * normal_cdf(v); }, derivatives([](auto v) {
          const auto c = between(v);
          return normal_cdf(v) + c * exp(-0.5 * (c * c)) * (0.5 * sqrt_2_by_pi);
        }),
        x);
  // (1 + tanh(u)) / 2 = sigmoid(2u)
  return pointwise(
      op,
      [](auto v) {
        const auto c = between(v);
        return above(v) * sigmoid(2 * sqrt_2_by_pi * (c + 0.044715 * (c * c * c)));
      },
      derivatives([](auto v) {
        const auto c = between(v);
        const auto s = sigmoid(2 * sqrt_2_by_pi * (c + 0.044715 * (c * c * c)));
        return s + c * s * (1.0 - s) * (2 * sqrt_2_by_pi) * (1.0 + 0.134145 * (c * c));
      }),
      x);
}

Tensor silu(const Tensor& x, Place place) {
  return pointwise(
      OpName("silu", place), [](auto v) { return above(v) * sigmoid(v); }, derivatives([](auto v) {
        const auto s = sigmoid(v);
        return s * (1.0 + between(v) * (1.0 - s));
      }),
      x);
}

Tensor softplus(const Tensor& x, Place place) {
  return pointwise(
      OpName("softplus", place), [](auto v) { return softplus(v); }, derivatives([](auto v) { return sigmoid(v); }), x);
}

Tensor abs(const Tensor& x, Place place) {
  return pointwise(
      OpName("abs", place), [](auto v) { return abs(v); }, x);
}

Tensor clamp(const Tensor& x, double low, double high, Place place) {
  if (!(low <= high)) throw Error(fmt::format("clamp: the bounds {} and {} are not in order", low, high), place);
  return pointwise(
      OpName("clamp", place),
      [low, high](auto v) {
        using S = decltype(v);
        return where(v < low, S(low), where(v > high, S(high), v));
      },
      x);
}

}  // namespace gradus
