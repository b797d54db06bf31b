#include <gradus/autograd/ops/functions.h>

#include <fmt/format.h>

#include <limits>
#include <numbers>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/internal/integers.h>
#include <gradus/autograd/ops/internal/wrapping.h>
#include <gradus/autograd/ops/pointwise.h>

namespace gradus {

namespace {

template <class F>
Tensor unary(const char* name, const Argument& x) {
  const OpName op(name, x.place());
  const auto value = [](auto v) { return apply<F>(v); };
  if constexpr (numeric::has_slope_of_result<F>)
    return pointwise(op, x.tensor(), value, of_result([](auto y) { return F::slope_of_result(y); }));
  else
    return pointwise(op, x.tensor(), value, [](auto v) { return F::slope(v); });
}

constexpr double sqrt_2_by_pi = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;

// Beyond these bounds sigmoid is flat. The bounds prevent products of 0 and infinity.
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

// v between low and high. If one of them is NaN, so is the result, which is a constant then.
template <class S>
S clamped(S v, S low, S high) {
  const S raised = where(v < low, low, v), chosen = where(raised > high, high, raised);
  const auto a = value_of(v), b = value_of(low), c = value_of(high);
  return where(a != a || b != b || c != c, constant_of(v + low + high), chosen);
}

}  // namespace

Tensor exp(const Argument& x) { return unary<numeric::Exp>("exp", x); }
Tensor expm1(const Argument& x) { return unary<numeric::Expm1>("expm1", x); }
Tensor log(const Argument& x) { return unary<numeric::Log>("log", x); }
Tensor log1p(const Argument& x) { return unary<numeric::Log1p>("log1p", x); }
Tensor sqrt(const Argument& x) { return unary<numeric::Sqrt>("sqrt", x); }
Tensor rsqrt(const Argument& x) { return unary<numeric::Rsqrt>("rsqrt", x); }
Tensor reciprocal(const Argument& x) { return unary<numeric::Reciprocal>("reciprocal", x); }
Tensor sin(const Argument& x) { return unary<numeric::Sin>("sin", x); }
Tensor cos(const Argument& x) { return unary<numeric::Cos>("cos", x); }
Tensor erf(const Argument& x) { return unary<numeric::Erf>("erf", x); }
Tensor tanh(const Argument& x) { return unary<numeric::Tanh>("tanh", x); }
Tensor sigmoid(const Argument& x) { return unary<numeric::Sigmoid>("sigmoid", x); }
Tensor relu(const Argument& x) { return unary<numeric::Relu>("relu", x); }

Tensor softplus(const Tensor& x, Scalar beta, Place place) {
  if (beta == 0) throw Error("softplus: beta is 0, expected another number", place);
  if (beta == 1) return unary<numeric::Softplus>("softplus", {x, place});
  return pointwise(
      {"softplus", place}, x, [b = double{beta}](auto v) { return softplus(b * v) / b; },
      [b = double{beta}](auto v) { return sigmoid(b * v); });
}

Tensor abs(const Argument& x) {
  const OpName op("abs", x.place());
  if (x.tensor().dtype() == DType::i64) {
    return without_gradient(
        op, map_elements(op, x.tensor(), [](auto v) { return v < 0 ? wrapping_sub(decltype(v)(0), v) : v; }),
        {x.tensor()});
  }
  return pointwise(op, x.tensor(), [](auto v) { return abs(v); });
}

Tensor gelu(const Tensor& x, Gelu form, Place place) {
  if (form == Gelu::exact) return unary<numeric::Gelu>("gelu", {x, place});
  return pointwise(
      {"gelu", place}, x, [](auto v) { return above(v) * gelu_sigmoid(between(v)); },
      [](auto v) {
        const auto c = between(v), s = gelu_sigmoid(c);
        return s + c * s * (1.0 - s) * (2 * sqrt_2_by_pi) * (1.0 + 0.134145 * (c * c));
      });
}

Tensor silu(const Argument& x) {
  return pointwise(
      {"silu", x.place()}, x.tensor(), [](auto v) { return above(v) * sigmoid(v); },
      [](auto v) {
        const auto s = sigmoid(v);
        return s * (1.0 + between(v) * (1.0 - s));
      });
}

Tensor clamp(const Tensor& x, std::optional<Operand> low, std::optional<Operand> high, Place place) {
  const OpName op("clamp", place);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (!low && !high) throw Error("clamp: neither bound was given", place);
  const bool integers = x.dtype() == DType::i64;
  if (integers && ((low && !are_integers(x, *low)) || (high && !are_integers(x, *high))))
    throw Error(fmt::format("clamp: the bounds of {} must be integers", describe(x)), place);
  if ((!low || low->is_number()) && (!high || high->is_number())) {
    const double a = low ? low->number().value() : -infinity, b = high ? high->number().value() : infinity;
    if (!(a <= b)) throw Error(fmt::format("clamp: the bounds {} and {} are not in order", a, b), place);
    if (!integers) return pointwise(op, x, [a, b](auto v) { return clamped(v, decltype(v)(a), decltype(v)(b)); });
  }
  if (integers) {
    const Tensor raised = low ? maximum({x, place}, *low) : x;
    return high ? minimum({raised, place}, *high) : raised;
  }
  const auto tensor_of = [&x](const std::optional<Operand>& bound, double none) {
    if (bound && !bound->is_number()) return bound->tensor();
    return Tensor::scalar(bound ? bound->number().value() : none, x.dtype());
  };
  return pointwise(op, x, tensor_of(low, -infinity), tensor_of(high, infinity),
                   [](auto v, auto a, auto b) { return clamped(v, a, b); });
}

Tensor clamp_min(const Tensor& x, const Operand& low, Place place) { return clamp(x, low, {}, place); }

Tensor clamp_max(const Tensor& x, const Operand& high, Place place) { return clamp(x, {}, high, place); }

}  // namespace gradus
