#pragma once

#include <concepts>
#include <numbers>
#include <type_traits>

#include <gradus/autograd/foundation/math.h>

// The number types of formulas for `pointwise`. A formula is a generic lambda such as
// `[](auto x) { return x * sigmoid(x); }`. It runs on three types:
// - Real<float> and Real<double> for values,
// - Dual<Real<T>> for first derivatives,
// - Jet (jet.h) for derivatives of any order.
// Their functions are found by the type of their argument. They are in a namespace of their own, so that the op
// `gradus::exp` has no overload and converts to std::function.
namespace gradus::numeric {

/// A Real, a Dual or a Jet.
template <class X>
concept Number = requires {
  typename X::Value;
};

/// A float or double. For this type `sin(x)` is a function of this namespace.
template <class T>
struct Real {
  using Value = T;  // what value_of returns
  T v;              // the number
  /// Uninitialised, a double rounded to T, or a T.
  Real() = default;
  constexpr Real(double x) : v(static_cast<T>(x)) {}
  static constexpr Real of(T x) {
    Real r;
    r.v = x;
    return r;
  }
};

/// The arithmetic of T.
template <class T>
constexpr Real<T> operator+(Real<T> a, Real<T> b) {
  return Real<T>::of(a.v + b.v);
}
template <class T>
constexpr Real<T> operator-(Real<T> a, Real<T> b) {
  return Real<T>::of(a.v - b.v);
}
template <class T>
constexpr Real<T> operator*(Real<T> a, Real<T> b) {
  return Real<T>::of(a.v * b.v);
}
template <class T>
constexpr Real<T> operator/(Real<T> a, Real<T> b) {
  return Real<T>::of(a.v / b.v);
}
template <class T>
constexpr Real<T> operator-(Real<T> a) {
  return Real<T>::of(-a.v);
}
/// The plain number.
template <class T>
constexpr T value_of(Real<T> a) {
  return a.v;
}
/// The value of a number without its derivatives. It counts as a constant.
template <class T>
constexpr Real<T> constant_of(Real<T> a) {
  return a;
}
/// a where the condition holds, else b. Formulas use it instead of branches, so that loops vectorise.
template <class T>
Real<T> where(bool condition, Real<T> a, Real<T> b) {
  return Real<T>::of(math::detail::select(condition, a.v, b.v));
}
/// The functions of math.h.
template <class T>
[[gnu::always_inline]] inline Real<T> pow(Real<T> a, Real<T> b) {
  return Real<T>::of(math::pow(a.v, b.v));
}
template <class T>
[[gnu::always_inline]] inline Real<T> max(Real<T> a, Real<T> b) {
  return Real<T>::of(math::max(a.v, b.v));
}
template <class T>
[[gnu::always_inline]] inline Real<T> min(Real<T> a, Real<T> b) {
  return Real<T>::of(math::min(a.v, b.v));
}
template <class T>
[[gnu::always_inline]] inline Real<T> abs(Real<T> a) {
  return Real<T>::of(math::abs(a.v));
}

/// a + b ε with ε² = 0: a value and a derivative. S is Real<T> or Jet.
template <class S>
struct Dual {
  using Value = typename S::Value;  // what value_of returns
  S a,                              ///< the value
      b;                            ///< the derivative
  /// Uninitialised, a constant, or a value with its derivative.
  Dual() = default;
  constexpr Dual(double x) : a(x), b(0) {}
  constexpr Dual(S value, S derivative) : a(value), b(derivative) {}
};

/// The arithmetic of values, with the derivatives of sums, products and quotients.
template <class S>
constexpr Dual<S> operator+(Dual<S> x, Dual<S> y) {
  return {x.a + y.a, x.b + y.b};
}
template <class S>
constexpr Dual<S> operator-(Dual<S> x, Dual<S> y) {
  return {x.a - y.a, x.b - y.b};
}
template <class S>
constexpr Dual<S> operator*(Dual<S> x, Dual<S> y) {
  return {x.a * y.a, x.a * y.b + x.b * y.a};
}
template <class S>
constexpr Dual<S> operator/(Dual<S> x, Dual<S> y) {
  const S q = x.a / y.a;
  return {q, (x.b - q * y.b) / y.a};
}
template <class S>
constexpr Dual<S> operator-(Dual<S> x) {
  return {-x.a, -x.b};
}
/// The value without derivatives: a plain number, or a Jet of level 0.
template <class S>
constexpr auto value_of(Dual<S> x) {
  return value_of(x.a);
}
/// The value without its derivatives. It counts as a constant.
template <class S>
constexpr Dual<S> constant_of(Dual<S> x) {
  return {constant_of(x.a), S(0)};
}
/// x where the condition holds, else y, with its derivative.
template <class S, class Condition>
Dual<S> where(Condition condition, Dual<S> x, Dual<S> y) {
  return {where(condition, x.a, y.a), where(condition, x.b, y.b)};
}
/// The derivative at 0 is 0.
template <class S>
Dual<S> abs(Dual<S> x) {
  const auto v = value_of(x);
  return {abs(x.a), where(v > 0, x.b, where(v < 0, -x.b, S(0)))};
}
/// The exponent counts as a constant where the base is not positive.
template <class S>
[[gnu::always_inline]] inline Dual<S> pow(Dual<S> x, Dual<S> y) {
  const S p = pow(x.a, y.a);
  const auto positive = value_of(x) > 0;
  const S exponent_of_base = where(positive, y.a, constant_of(y.a));
  const S factor = exponent_of_base * pow(x.a, exponent_of_base - S(1));
  // Where the factor is infinite or NaN, the base's part is 0 for an exponent of 0 and for a constant base.
  const auto infinite = value_of(factor) - value_of(factor) != 0, constant = value_of(x.b) == 0;
  const S base_if_infinite = where(constant, S(0), where(value_of(y) == 0, S(0), factor * x.b));
  const S base = where(infinite, base_if_infinite, factor * x.b);
  const S exponent = where(positive, p * log(where(positive, x.a, S(1))) * y.b, S(0));
  return {p, base + exponent};
}
/// Equal operands get half of the derivative each; if one is NaN, both get the whole.
template <class S>
Dual<S> max(Dual<S> x, Dual<S> y) {
  const auto a = value_of(x), b = value_of(y);
  return {max(x.a, y.a), where(a > b, x.b, where(a < b, y.b, where(a == b, S(0.5), S(1)) * (x.b + y.b)))};
}
template <class S>
Dual<S> min(Dual<S> x, Dual<S> y) {
  const auto a = value_of(x), b = value_of(y);
  return {min(x.a, y.a), where(a < b, x.b, where(a > b, y.b, where(a == b, S(0.5), S(1)) * (x.b + y.b)))};
}

// Arithmetic with plain numbers, and comparison by value.
template <Number X>
constexpr X operator+(X x, double c) {
  return x + X(c);
}
template <Number X>
constexpr X operator+(double c, X x) {
  return X(c) + x;
}
template <Number X>
constexpr X operator-(X x, double c) {
  return x - X(c);
}
template <Number X>
constexpr X operator-(double c, X x) {
  return X(c) - x;
}
template <Number X>
constexpr X operator*(X x, double c) {
  return x * X(c);
}
template <Number X>
constexpr X operator*(double c, X x) {
  return X(c) * x;
}
template <Number X>
constexpr X operator/(X x, double c) {
  return x / X(c);
}
template <Number X>
constexpr X operator/(double c, X x) {
  return X(c) / x;
}
template <Number X>
constexpr auto operator<(X x, std::type_identity_t<X> y) {
  return value_of(x) < value_of(y);
}
template <Number X>
constexpr auto operator>(X x, std::type_identity_t<X> y) {
  return value_of(x) > value_of(y);
}
template <Number X>
constexpr auto operator<=(X x, std::type_identity_t<X> y) {
  return value_of(x) <= value_of(y);
}
template <Number X>
constexpr auto operator>=(X x, std::type_identity_t<X> y) {
  return value_of(x) >= value_of(y);
}
/// The same with a plain number on one side.
template <Number X, class Condition>
X where(Condition condition, X x, double c) {
  return where(condition, x, X(c));
}
template <Number X, class Condition>
X where(Condition condition, double c, X x) {
  return where(condition, X(c), x);
}

// Scalar functions ----------------------------------------------------------------------------------------------------

// Each is a struct with its value, of a float or double, and its slope: `slope(x)` in terms of the argument, or
// `slope_of_result(y)` in terms of the result. Both the number types and the ops of functions.h use them.

/// y = exp(x), y' = y.
struct Exp {
  [[gnu::always_inline]] static auto value(auto x) { return math::exp(x); }
  static auto slope_of_result(auto y) { return y; }
};
/// y = exp(x) - 1, y' = exp(x).
struct Expm1 {
  [[gnu::always_inline]] static auto value(auto x) { return math::expm1(x); }
  static auto slope(auto x) { return exp(x); }  // y + 1 would lose the digits of a small slope
};
/// y = log(x), y' = 1 / x.
struct Log {
  [[gnu::always_inline]] static auto value(auto x) { return math::log(x); }
  static auto slope(auto x) { return 1.0 / x; }
};
/// y = log(1 + x), y' = 1 / (1 + x).
struct Log1p {
  [[gnu::always_inline]] static auto value(auto x) { return math::log1p(x); }
  static auto slope(auto x) { return 1.0 / (x + 1.0); }
};
/// y = sqrt(x), y' = 1 / (2 y).
struct Sqrt {
  [[gnu::always_inline]] static auto value(auto x) { return math::sqrt(x); }
  static auto slope_of_result(auto y) { return 0.5 / y; }
};
/// y = 1 / sqrt(x), y' = -y^3 / 2.
struct Rsqrt {
  [[gnu::always_inline]] static auto value(auto x) { return math::rsqrt(x); }
  static auto slope_of_result(auto y) { return -0.5 * (y * y * y); }
};
/// y = 1 / x, y' = -y^2.
struct Reciprocal {
  template <class T>
  static T value(T x) {
    return 1 / x;
  }
  static auto slope_of_result(auto y) { return -(y * y); }
};
/// y = sin(x), y' = cos(x).
struct Sin {
  [[gnu::always_inline]] static auto value(auto x) { return math::sin(x); }
  static auto slope(auto x) { return cos(x); }
};
/// y = cos(x), y' = -sin(x).
struct Cos {
  [[gnu::always_inline]] static auto value(auto x) { return math::cos(x); }
  static auto slope(auto x) { return -sin(x); }
};
/// y = erf(x), y' = 2 exp(-x^2) / sqrt(pi).
struct Erf {
  [[gnu::always_inline]] static auto value(auto x) { return math::erf(x); }
  static auto slope(auto x) { return 2 * std::numbers::inv_sqrtpi * exp(-(x * x)); }
};
/// y = exp(-x^2 / 2) / sqrt(2 pi), y' = -x y.
struct NormalPdf {
  [[gnu::always_inline]] static auto value(auto x) { return math::normal_pdf(x); }
  static auto slope(auto x) { return -x * normal_pdf(x); }
};
/// y = (1 + erf(x / sqrt(2))) / 2, y' = normal_pdf(x).
struct NormalCdf {
  [[gnu::always_inline]] static auto value(auto x) { return math::normal_cdf(x); }
  static auto slope(auto x) { return normal_pdf(x); }
};
/// y = x normal_cdf(x), y' = normal_cdf(x) + x normal_pdf(x).
struct Gelu {
  [[gnu::always_inline]] static auto value(auto x) { return math::gelu(x); }
  template <class S>
  static S slope(S x) {
    const S bounded = max(min(x, S(1e4)), S(-1e4));  // for no product of infinity and 0
    return normal_cdf(bounded) + bounded * normal_pdf(bounded);
  }
};
/// y = tanh(x), y' = 1 - y^2.
struct Tanh {
  [[gnu::always_inline]] static auto value(auto x) { return math::tanh(x); }
  static auto slope_of_result(auto y) { return 1.0 - y * y; }
};
/// y = 1 / (1 + exp(-x)), y' = y (1 - y).
struct Sigmoid {
  [[gnu::always_inline]] static auto value(auto x) { return math::sigmoid(x); }
  static auto slope_of_result(auto y) { return y * (1.0 - y); }
};
/// y = log(1 + exp(x)), y' = sigmoid(x).
struct Softplus {
  [[gnu::always_inline]] static auto value(auto x) { return math::softplus(x); }
  static auto slope(auto x) { return sigmoid(x); }
};
/// The slope at 0 is 0, and 1 at NaN.
struct Relu {
  template <class T>
  static T value(T x) {
    return x < 0 ? T(0) : x;
  }
  template <class S>
  static S slope_of_result(S y) {
    return where(y <= 0, S(0), S(1));
  }
};

/// Whether F has its slope in terms of the result.
template <class F>
constexpr bool has_slope_of_result = requires(Real<double> y) {
  F::slope_of_result(y);
};

/// The function F at a number: `apply<Exp>(x)` is exp(x).
template <class F, class T>
[[gnu::always_inline]] inline Real<T> apply(Real<T> x) {
  return Real<T>::of(F::value(x.v));
}
template <class F, class S>
[[gnu::always_inline]] inline Dual<S> apply(Dual<S> x) {
  const S y = apply<F>(x.a);
  if constexpr (has_slope_of_result<F>)
    return {y, F::slope_of_result(y) * x.b};
  else
    return {y, F::slope(x.a) * x.b};
}

/// The functions above, of a Real, a Dual or a Jet.
[[gnu::always_inline]] inline auto exp(Number auto x) { return apply<Exp>(x); }
[[gnu::always_inline]] inline auto expm1(Number auto x) { return apply<Expm1>(x); }
[[gnu::always_inline]] inline auto log(Number auto x) { return apply<Log>(x); }
[[gnu::always_inline]] inline auto log1p(Number auto x) { return apply<Log1p>(x); }
[[gnu::always_inline]] inline auto sqrt(Number auto x) { return apply<Sqrt>(x); }
[[gnu::always_inline]] inline auto rsqrt(Number auto x) { return apply<Rsqrt>(x); }
[[gnu::always_inline]] inline auto reciprocal(Number auto x) { return apply<Reciprocal>(x); }
[[gnu::always_inline]] inline auto sin(Number auto x) { return apply<Sin>(x); }
[[gnu::always_inline]] inline auto cos(Number auto x) { return apply<Cos>(x); }
[[gnu::always_inline]] inline auto erf(Number auto x) { return apply<Erf>(x); }
[[gnu::always_inline]] inline auto normal_pdf(Number auto x) { return apply<NormalPdf>(x); }
[[gnu::always_inline]] inline auto normal_cdf(Number auto x) { return apply<NormalCdf>(x); }
[[gnu::always_inline]] inline auto tanh(Number auto x) { return apply<Tanh>(x); }
[[gnu::always_inline]] inline auto sigmoid(Number auto x) { return apply<Sigmoid>(x); }
[[gnu::always_inline]] inline auto softplus(Number auto x) { return apply<Softplus>(x); }
[[gnu::always_inline]] inline auto relu(Number auto x) { return apply<Relu>(x); }

}  // namespace gradus::numeric
