#pragma once

#include <cmath>

// Elementary functions of one scalar, for use inside elementwise loops.
namespace gradus::math {

[[gnu::always_inline]] inline float exp(float x) { return std::exp(x); }
[[gnu::always_inline]] inline float expm1(float x) { return std::expm1(x); }
[[gnu::always_inline]] inline float log(float x) { return std::log(x); }
[[gnu::always_inline]] inline float log1p(float x) { return std::log1p(x); }
[[gnu::always_inline]] inline float tanh(float x) { return std::tanh(x); }
[[gnu::always_inline]] inline float erf(float x) { return std::erf(x); }
[[gnu::always_inline]] inline float sin(float x) { return std::sin(x); }
[[gnu::always_inline]] inline float cos(float x) { return std::cos(x); }
[[gnu::always_inline]] inline float sqrt(float x) { return std::sqrt(x); }
[[gnu::always_inline]] inline float rsqrt(float x) { return float(1) / std::sqrt(x); }
[[gnu::always_inline]] inline float abs(float x) { return std::fabs(x); }
[[gnu::always_inline]] inline float max(float a, float b) { return a != a || a > b ? a : b; }
[[gnu::always_inline]] inline float min(float a, float b) { return a != a || a < b ? a : b; }
[[gnu::always_inline]] inline float pow(float x, float y) { return std::pow(x, y); }
[[gnu::always_inline]] inline float sigmoid(float x) {
  const float e = std::exp(-std::fabs(x));
  return (x < 0 ? e : float(1)) / (1 + e);
}
[[gnu::always_inline]] inline float softplus(float x) { return (x > 0 ? x : float(0)) + std::log1p(std::exp(-std::fabs(x))); }

[[gnu::always_inline]] inline double exp(double x) { return std::exp(x); }
[[gnu::always_inline]] inline double expm1(double x) { return std::expm1(x); }
[[gnu::always_inline]] inline double log(double x) { return std::log(x); }
[[gnu::always_inline]] inline double log1p(double x) { return std::log1p(x); }
[[gnu::always_inline]] inline double tanh(double x) { return std::tanh(x); }
[[gnu::always_inline]] inline double erf(double x) { return std::erf(x); }
[[gnu::always_inline]] inline double sin(double x) { return std::sin(x); }
[[gnu::always_inline]] inline double cos(double x) { return std::cos(x); }
[[gnu::always_inline]] inline double sqrt(double x) { return std::sqrt(x); }
[[gnu::always_inline]] inline double rsqrt(double x) { return double(1) / std::sqrt(x); }
[[gnu::always_inline]] inline double abs(double x) { return std::fabs(x); }
[[gnu::always_inline]] inline double max(double a, double b) { return a != a || a > b ? a : b; }
[[gnu::always_inline]] inline double min(double a, double b) { return a != a || a < b ? a : b; }
[[gnu::always_inline]] inline double pow(double x, double y) { return std::pow(x, y); }
[[gnu::always_inline]] inline double sigmoid(double x) {
  const double e = std::exp(-std::fabs(x));
  return (x < 0 ? e : double(1)) / (1 + e);
}
[[gnu::always_inline]] inline double softplus(double x) { return (x > 0 ? x : double(0)) + std::log1p(std::exp(-std::fabs(x))); }

}  // namespace gradus::math
