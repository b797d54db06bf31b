#pragma once

#include <gradus/autograd/foundation/math.h>

// The numbers that pointwise formulas are written in. A formula is a generic lambda such as
// `[](auto x) { return x * sigmoid(x); }`; it runs on Real<float> for values and on Dual<Real<float>> for derivatives.
namespace gradus {

/// A float or double with this namespace's functions found by name.
template <class T>
struct Real {
  using Value = T;
  T v;
  Real() = default;
  constexpr Real(double x) : v(static_cast<T>(x)) {}
  static constexpr Real of(T x) {
    Real r;
    r.v = x;
    return r;
  }
};

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
template <class T>
constexpr T value_of(Real<T> a) {
  return a.v;
}
/// Derivative information dropped: constant pieces of a formula.
template <class T>
constexpr Real<T> constant_of(Real<T> a) {
  return a;
}
template <class T>
Real<T> where(bool condition, Real<T> a, Real<T> b) {
  return Real<T>::of(condition ? a.v : b.v);
}

#define GRADUS_REAL_FUNCTION(f)                        \
  template <class T>                                   \
  [[gnu::always_inline]] inline Real<T> f(Real<T> a) { \
    return Real<T>::of(math::f(a.v));                  \
  }
GRADUS_REAL_FUNCTION(exp)
GRADUS_REAL_FUNCTION(expm1)
GRADUS_REAL_FUNCTION(log)
GRADUS_REAL_FUNCTION(log1p)
GRADUS_REAL_FUNCTION(sqrt)
GRADUS_REAL_FUNCTION(rsqrt)
GRADUS_REAL_FUNCTION(sin)
GRADUS_REAL_FUNCTION(cos)
GRADUS_REAL_FUNCTION(erf)
GRADUS_REAL_FUNCTION(normal_cdf)
GRADUS_REAL_FUNCTION(tanh)
GRADUS_REAL_FUNCTION(sigmoid)
GRADUS_REAL_FUNCTION(softplus)
GRADUS_REAL_FUNCTION(abs)
#undef GRADUS_REAL_FUNCTION

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

/// a + b ε with ε² = 0: value and derivative. S is Real<T>, or a Dual for a derivative of a derivative.
template <class S>
struct Dual {
  using Value = typename S::Value;
  S a, b;
  Dual() = default;
  constexpr Dual(double x) : a(x), b(0) {}
  constexpr Dual(S value, S derivative) : a(value), b(derivative) {}
};

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
template <class S>
constexpr auto value_of(Dual<S> x) {
  return value_of(x.a);
}
template <class S>
constexpr Dual<S> constant_of(Dual<S> x) {
  return {x.a, S(0)};
}
template <class S>
Dual<S> where(bool condition, Dual<S> x, Dual<S> y) {
  return {where(condition, x.a, y.a), where(condition, x.b, y.b)};
}

template <class S>
Dual<S> exp(Dual<S> x) {
  const S y = exp(x.a);
  return {y, y * x.b};
}
template <class S>
Dual<S> expm1(Dual<S> x) {
  return {expm1(x.a), exp(x.a) * x.b};
}
template <class S>
Dual<S> log(Dual<S> x) {
  return {log(x.a), x.b / x.a};
}
template <class S>
Dual<S> log1p(Dual<S> x) {
  return {log1p(x.a), x.b / (S(1) + x.a)};
}
template <class S>
Dual<S> sqrt(Dual<S> x) {
  const S y = sqrt(x.a);
  return {y, S(0.5) * x.b / y};
}
template <class S>
Dual<S> rsqrt(Dual<S> x) {
  const S y = rsqrt(x.a);
  return {y, S(-0.5) * x.b * y / x.a};
}
template <class S>
Dual<S> sin(Dual<S> x) {
  return {sin(x.a), cos(x.a) * x.b};
}
template <class S>
Dual<S> cos(Dual<S> x) {
  return {cos(x.a), -sin(x.a) * x.b};
}
template <class S>
Dual<S> erf(Dual<S> x) {
  return {erf(x.a), S(1.1283791670955126) * exp(-(x.a * x.a)) * x.b};  // 2 / sqrt(pi)
}
template <class S>
Dual<S> normal_cdf(Dual<S> x) {
  return {normal_cdf(x.a), S(0.3989422804014327) * exp(S(-0.5) * (x.a * x.a)) * x.b};  // 1 / sqrt(2 pi)
}
template <class S>
Dual<S> tanh(Dual<S> x) {
  const S y = tanh(x.a);
  return {y, (S(1) - y * y) * x.b};
}
template <class S>
Dual<S> sigmoid(Dual<S> x) {
  const S y = sigmoid(x.a);
  return {y, y * (S(1) - y) * x.b};
}
template <class S>
Dual<S> softplus(Dual<S> x) {
  return {softplus(x.a), sigmoid(x.a) * x.b};
}
/// The derivative at 0 is 0.
template <class S>
Dual<S> abs(Dual<S> x) {
  const auto v = value_of(x);
  return {abs(x.a), where(v > 0, x.b, where(v < 0, -x.b, S(0)))};
}
/// Where base and exponent allow no derivative (a <= 0 with a varying exponent) the exponent's part is 0.
template <class S>
Dual<S> pow(Dual<S> x, Dual<S> y) {
  const S p = pow(x.a, y.a);
  const bool positive = value_of(x) > 0;
  const S factor = y.a * pow(x.a, y.a - S(1));
  // An exponent of 0 is constant; a base that does not vary adds nothing, not even where the factor is infinite.
  const bool infinite = value_of(factor) - value_of(factor) != 0, still = value_of(x.b) == 0;
  const S base = where(value_of(y) == 0 || (infinite && still), S(0), factor * x.b);
  const S exponent = where(positive, p * log(where(positive, x.a, S(1))) * y.b, S(0));
  return {p, base + exponent};
}
/// Equal operands share the derivative evenly.
template <class S>
Dual<S> max(Dual<S> x, Dual<S> y) {
  const auto a = value_of(x), b = value_of(y);
  return {max(x.a, y.a), where(a > b, x.b, where(a < b, y.b, S(0.5) * (x.b + y.b)))};
}
template <class S>
Dual<S> min(Dual<S> x, Dual<S> y) {
  const auto a = value_of(x), b = value_of(y);
  return {min(x.a, y.a), where(a < b, x.b, where(a > b, y.b, S(0.5) * (x.b + y.b)))};
}

// Arithmetic with plain numbers, and comparison by value, for Real and Dual alike.
template <class X>
concept Number = requires {
  typename X::Value;
};
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
constexpr bool operator<(X x, X y) {
  return value_of(x) < value_of(y);
}
template <Number X>
constexpr bool operator>(X x, X y) {
  return value_of(x) > value_of(y);
}
template <Number X>
constexpr bool operator<(X x, double c) {
  return value_of(x) < static_cast<typename X::Value>(c);
}
template <Number X>
constexpr bool operator>(X x, double c) {
  return value_of(x) > static_cast<typename X::Value>(c);
}

}  // namespace gradus
