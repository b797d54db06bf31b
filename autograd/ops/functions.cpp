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

Tensor exp(const Tensor& x, Where where) {
  return pointwise_by_output(
      OpName("exp", where), [](auto v) { return exp(v); }, [](auto y) { return y; }, x);
}

Tensor expm1(const Tensor& x, Where where) {
  return pointwise_by_output(
      OpName("expm1", where), [](auto v) { return expm1(v); }, [](auto y) { return y + 1.0; }, x);
}

Tensor log(const Tensor& x, Where where) {
  return pointwise(
      OpName("log", where), [](auto v) { return log(v); }, derivatives([](auto v) { return 1.0 / v; }), x);
}

Tensor log1p(const Tensor& x, Where where) {
  return pointwise(
      OpName("log1p", where), [](auto v) { return log1p(v); }, derivatives([](auto v) { return 1.0 / (v + 1.0); }), x);
}

Tensor sqrt(const Tensor& x, Where where) {
  return pointwise_by_output(
      OpName("sqrt", where), [](auto v) { return sqrt(v); }, [](auto y) { return 0.5 / y; }, x);
}

Tensor rsqrt(const Tensor& x, Where where) {
  return pointwise_by_output(
      OpName("rsqrt", where), [](auto v) { return rsqrt(v); }, [](auto y) { return -0.5 * (y * y * y); }, x);
}

Tensor reciprocal(const Tensor& x, Where where) {
  return pointwise_by_output(
      OpName("reciprocal", where), [](auto v) { return 1.0 / v; }, [](auto y) { return -(y * y); }, x);
}

Tensor sin(const Tensor& x, Where where) {
  return pointwise(
      OpName("sin", where), [](auto v) { return sin(v); }, derivatives([](auto v) { return cos(v); }), x);
}

Tensor cos(const Tensor& x, Where where) {
  return pointwise(
      OpName("cos", where), [](auto v) { return cos(v); }, derivatives([](auto v) { return -sin(v); }), x);
}

Tensor erf(const Tensor& x, Where where) {
  return pointwise(
      OpName("erf", where), [](auto v) { return erf(v); },
      derivatives([](auto v) { return 2 * std::numbers::inv_sqrtpi * exp(-(v * v)); }), x);
}

Tensor tanh(const Tensor& x, Where where) {
  return pointwise_by_output(
      OpName("tanh", where), [](auto v) { return tanh(v); }, [](auto y) { return 1.0 - y * y; }, x);
}

Tensor sigmoid(const Tensor& x, Where where) {
  return pointwise_by_output(
      OpName("sigmoid", where), [](auto v) { return sigmoid(v); }, [](auto y) { return y * (1.0 - y); }, x);
}

Tensor relu(const Tensor& x, Where where) {
  return pointwise_by_output(
      OpName("relu", where), [](auto v) { return gradus::where(v < 0.0, decltype(v)(0), v); },
      [](auto y) { return gradus::where(y > 0.0, decltype(y)(1), decltype(y)(0)); }, x);
}

Tensor gelu(const Tensor& x, Gelu form, Where where) {
  const OpName op("gelu", where);
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

Tensor silu(const Tensor& x, Where where) {
  return pointwise(
      OpName("silu", where), [](auto v) { return above(v) * sigmoid(v); }, derivatives([](auto v) {
        const auto s = sigmoid(v);
        return s * (1.0 + between(v) * (1.0 - s));
      }),
      x);
}

Tensor softplus(const Tensor& x, Where where) {
  return pointwise(
      OpName("softplus", where), [](auto v) { return softplus(v); }, derivatives([](auto v) { return sigmoid(v); }), x);
}

Tensor abs(const Tensor& x, Where where) {
  return pointwise(
      OpName("abs", where), [](auto v) { return abs(v); }, x);
}

Tensor clamp(const Tensor& x, double low, double high, Where where) {
  if (!(low <= high)) throw Error(fmt::format("clamp: the bounds {} and {} are not in order", low, high), where);
  return pointwise(
      OpName("clamp", where),
      [low, high](auto v) {
        using S = decltype(v);
        return gradus::where(v < low, S(low), gradus::where(v > high, S(high), v));
      },
      x);
}

}  // namespace gradus
