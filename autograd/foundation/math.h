#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

// Elementary functions of one scalar, for elementwise loops.
//
// - The float versions have no branches, calls or tables, so compilers vectorise a plain `y[i] = math::f(x[i])`.
// - A comment gives the largest error of a normal result in units in the last place (ULP). It was found with all 2^32
//   arguments, with fused multiply-add, and with every seventh without it; for pow with 60 million pairs.
// - Last bits may differ between instruction sets.
// - Infinities, NaN, signed zeros and denormal numbers give what IEEE 754 and C require.
// - The double versions call the standard library.
namespace gradus::math {

namespace detail {

inline constexpr float kInfinity = std::numeric_limits<float>::infinity();
inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
inline constexpr float kLog2E = 1.44269504f;
// ln 2 in two parts. The first has 15 bits, so its product with an exponent is exact.
inline constexpr float kLn2High = 0x1.62e4p-1f;
inline constexpr float kLn2Low = 1.42860682e-6f;

// x + kRound - kRound is x rounded to an integer, for |x| < 2^22. The low bits of the sum hold that integer.
inline constexpr float kRound = 0x1.8p23f;
inline constexpr double kRoundDouble = 0x1.8p52;

// Coefficients from the constant term up.
template <class T, class... Rest>
[[gnu::always_inline]] inline constexpr T polynomial(T x, T c, Rest... rest) {
  if constexpr (sizeof...(rest) == 0)
    return c;
  else
    return polynomial(x, rest...) * x + c;
}

// For n from -126 to 127.
[[gnu::always_inline]] inline float power_of_two(std::int32_t n) {
  return std::bit_cast<float>((static_cast<std::uint32_t>(n) + 127u) << 23);
}

[[gnu::always_inline]] inline float with_sign_of(float magnitude, float sign) {
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(magnitude) & 0x7fffffffu) |
                              (std::bit_cast<std::uint32_t>(sign) & 0x80000000u));
}

// condition ? yes : no, without a branch. GCC does not vectorise some conditions inside each other.
[[gnu::always_inline]] inline float select(bool condition, float yes, float no) {
  const std::uint32_t mask = 0u - static_cast<std::uint32_t>(condition);
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(yes) & mask) | (std::bit_cast<std::uint32_t>(no) & ~mask));
}
[[gnu::always_inline]] inline double select(bool condition, double yes, double no) {
  const std::uint64_t mask = 0u - static_cast<std::uint64_t>(condition);
  return std::bit_cast<double>((std::bit_cast<std::uint64_t>(yes) & mask) | (std::bit_cast<std::uint64_t>(no) & ~mask));
}

// A number as n ln 2 + high - low with |high - low| <= ln 2 / 2.
struct ReducedExponent {
  std::int32_t n;  // the integer nearest to x / ln 2
  float high;      // x less n times the first part of ln 2
  float low;       // n times the second part
};

[[gnu::always_inline]] inline ReducedExponent reduce_exponent(float x) {
  const float shifted = x * kLog2E + kRound;
  const float n = shifted - kRound;
  const auto bits = std::bit_cast<std::uint32_t>(shifted) - std::bit_cast<std::uint32_t>(kRound);
  return {static_cast<std::int32_t>(bits), x - n * kLn2High, n * kLn2Low};
}

// (exp(r) - 1 - r) / r^2 times a power of two, for |r| <= ln 2 / 2.
[[gnu::always_inline]] inline float exp_tail(float r, float power = 1.0f) {
  return polynomial(r, power * 0.49999997f, power * 0.166665182f, power * 0.0416673534f, power * 0.00836897828f,
                    power * 0.00138790021f);
}

// exp(r) times a power of two, for |r| <= ln 2 / 2.
[[gnu::always_inline]] inline float scaled_exp(float r, float power) {
  return polynomial(r, power, power, exp_tail(r, power));
}

// The rest of x after n ln 2.
[[gnu::always_inline]] inline float rest_of_exponent(float x, float n) { return x - n * kLn2High - n * kLn2Low; }

// 2^(n - 127) for a sum with kRound whose low bits hold n from 1 to 254.
[[gnu::always_inline]] inline float power_of_low_bits(float sum) {
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(sum) << 23);
}

// exp(x) for x from -87 to 88, where the result is normal.
[[gnu::always_inline]] inline float exp_normal(float x) {
  constexpr float round = kRound + 127.0f;
  const float shifted = x * kLog2E + round;
  return scaled_exp(rest_of_exponent(x, shifted - round), 1.0f) * power_of_low_bits(shifted);
}

// log(x) + n ln 2 for a normal x, both as an exponent n and f = m - 1 with m from sqrt(1/2) to sqrt(2).
[[gnu::always_inline]] inline float log_of_parts(float n, float f) {
  const float tail = polynomial(f, 0.333333164f, -0.250008136f, 0.20002313f, -0.166244343f, 0.141804919f, -0.131297797f,
                                0.128887415f, -0.0786622539f);
  const float square = f * f;
  return (f + (f * square * tail - 0.5f * square + n * kLn2Low)) + n * kLn2High;
}

// The exponent n of x = 2^n m with m from sqrt(1/2) to sqrt(2), for a positive and normal x.
[[gnu::always_inline]] inline std::int32_t balanced_exponent(float x) {
  return static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(x) - 0x3f3504f3u) >> 23;
}

[[gnu::always_inline]] inline float scale_down(float x, std::int32_t n) {
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) - (static_cast<std::uint32_t>(n) << 23));
}

// 2^t to 29 bits for |t| < 1022.
[[gnu::always_inline]] inline double exp2_double(double t) {
  const double shifted = t + kRoundDouble;
  const double r = t - (shifted - kRoundDouble);
  const double p = polynomial(r, 1.0000000005550505, 0.69314720576833633, 0.24022646886533777, 0.055503287094101766,
                              0.0096184891689803566, 0.0013399958643651574, 0.00015345816970738043);
  return p * std::bit_cast<double>((std::bit_cast<std::uint64_t>(shifted) + 1023u) << 52);
}

// |x|, at most 14.5. Beyond that the tail of the normal distribution and its density are 0 as floats.
[[gnu::always_inline]] inline double normal_magnitude(float x) {
  const double magnitude = std::fabs(x);
  return magnitude > 14.5 ? 14.5 : magnitude;
}

// exp(-a^2 / 2).
[[gnu::always_inline]] inline double exp_of_half_square(double a) { return exp2_double(a * a * -0.72134752044448171); }

// The probability of the normal distribution above a, for a from 0 to 14.5.
[[gnu::always_inline]] inline double normal_tail(double a) {
  const double s = (a - 3.0) / (a + 3.0);
  // Divided by exp(-a^2 / 2).
  const double scaled =
      polynomial(s, 0.12151394748934267, -0.2064026206826107, 0.12322504337851327, -0.04621325828330368,
                 0.006131916727648033, 0.002904354669277881, -0.0009831966094192724, -0.0003389219114599655,
                 0.00011491228390800995, 5.3064782265392456e-05);
  return scaled * exp_of_half_square(a);
}

// log2(x) to 45 bits for a positive and normal x.
[[gnu::always_inline]] inline double log2_double(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  // The exponent, biased by 1023, of x = 2^n m with m from sqrt(1/2) to sqrt(2).
  const std::uint64_t biased = (bits + 0x00095f619980c433u) >> 52;
  const double n = std::bit_cast<double>(biased | 0x4330000000000000u) - (0x1p52 + 1023.0);
  const double m = std::bit_cast<double>(bits - (biased << 52) + 0x3ff0000000000000u);
  const double s = (m - 1.0) / (m + 1.0);
  return s * polynomial(s * s, 2.8853900817778495, 0.96179669411421542, 0.57707794211778629, 0.41220927682516018,
                        0.31990471073994853, 0.28291406573115274) +
         n;
}

// number * pi/2 + angle, with the multiple of pi/2 that is nearest to the argument.
struct Quadrant {
  std::uint32_t number;  // modulo 2^32
  float angle;           // from -pi/4 to pi/4
};

[[gnu::always_inline]] inline Quadrant reduce_angle(float x) {
  const double shifted = x * 0.63661977236758138 + kRoundDouble;
  const double n = shifted - kRoundDouble;
  // The first two parts of pi/2 have 29 bits each, so their products with n are exact.
  const double angle = x - n * 0x1.921fb54p+0 - n * 0x1.10b4611p-30 - n * 0x1.4c4c6628b80dcp-59;
  const double below = angle > 0.7854 ? 0.7854 : angle;
  return {static_cast<std::uint32_t>(std::bit_cast<std::uint64_t>(shifted)),
          static_cast<float>(below < -0.7854 ? -0.7854 : below)};
}

[[gnu::always_inline]] inline float sine_of(const Quadrant& q) {
  const float r = q.angle;
  const float z = r * r;
  const float sine = r + r * z * polynomial(z, -0.166666552f, 0.00833219104f, -0.000195186047f);
  const float cosine = 1.0f - (0.5f * z - z * z * polynomial(z, 0.0416666456f, -0.00138873013f, 2.44306702e-5f));
  const float magnitude = (q.number & 1u) != 0 ? cosine : sine;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) ^ ((q.number & 2u) << 30));
}

}  // namespace detail

// Correctly rounded; abs is exact.
[[gnu::always_inline]] inline float sqrt(float x) { return std::sqrt(x); }
[[gnu::always_inline]] inline float abs(float x) { return std::fabs(x); }

// 1 / sqrt(x). Error up to 1.5 ULP.
[[gnu::always_inline]] inline float rsqrt(float x) { return 1.0f / std::sqrt(x); }

// The larger number; NaN if either is NaN.
[[gnu::always_inline]] inline float max(float a, float b) { return detail::select((a != a) | (a > b), a, b); }

// The smaller number; NaN if either is NaN.
[[gnu::always_inline]] inline float min(float a, float b) { return detail::select((a != a) | (a < b), a, b); }

// exp(x) for x <= 0. Error up to 1.17 ULP.
[[gnu::always_inline]] inline float exp_nonpositive(float x) {
  // 2^n as 2^-24 2^(n + 24), since 2^n may be out of range although the result is not.
  constexpr float round = detail::kRound + 24.0f + 127.0f;
  const float shifted = x * detail::kLog2E + round;
  const float r = detail::rest_of_exponent(x, shifted - round);
  const float result = detail::scaled_exp(r, 0x1p-24f) * detail::power_of_low_bits(shifted);
  return x < -104.0f ? 0.0f : result;
}

// Error up to 1.17 ULP.
[[gnu::always_inline]] inline float exp(float x) {
  // 2^n as 2^1 2^(n - 1) for positive x, as 2^1 2^-25 2^(n + 24) for negative x. n is at most 128; for a larger x
  // the polynomial is large, too.
  constexpr float round = detail::kRound - 1.0f + 127.0f;
  constexpr auto largest = std::bit_cast<std::int32_t>(round + 128.0f);
  const auto sum = std::bit_cast<std::int32_t>(x * detail::kLog2E + round);
  const float shifted = std::bit_cast<float>(sum < largest ? sum : largest);
  const float r = detail::rest_of_exponent(x, shifted - round);
  const std::uint32_t negative = static_cast<std::uint32_t>(std::bit_cast<std::int32_t>(x) >> 31);
  const std::uint32_t up = negative & (25u << 23);
  const float down = std::bit_cast<float>(std::bit_cast<std::uint32_t>(1.0f) - up);
  const float power = std::bit_cast<float>((std::bit_cast<std::uint32_t>(shifted) << 23) + up);
  const float result = detail::scaled_exp(r, 2.0f) * down * power;
  return x < -104.0f ? 0.0f : result;
}

// exp(x) - 1. Error up to 1.68 ULP.
[[gnu::always_inline]] inline float expm1(float x) {
  const float below = x > 89.0f ? 89.0f : x;
  const detail::ReducedExponent e = detail::reduce_exponent(below < -20.0f ? -20.0f : below);
  const float r = e.high - e.low;
  const float lost = (e.high - r) - e.low;
  const float p = r + (r * r * detail::exp_tail(r) + lost);
  // 2^n p + (2^n - 1), computed at half size since 2^128 is out of range.
  const float half = detail::power_of_two(e.n - 1);
  const float result = 2.0f * (half * p + (half - 0.5f));
  return std::fabs(x) < 0x1p-25f ? x : result;
}

// Error up to 0.91 ULP.
[[gnu::always_inline]] inline float log(float x) {
  const bool denormal = x < std::numeric_limits<float>::min();
  const float normal = denormal ? x * 0x1p23f : x;
  const std::int32_t n = detail::balanced_exponent(normal);
  const float exponent = static_cast<float>(n) - (denormal ? 23.0f : 0.0f);
  const float finite = detail::log_of_parts(exponent, detail::scale_down(normal, n) - 1.0f);
  const float above_zero = x < detail::kInfinity ? finite : x;
  const float special = x == 0.0f ? -detail::kInfinity : detail::kNan;
  return x > 0.0f ? above_zero : special;
}

// log(1 + x). Error up to 1.46 ULP.
[[gnu::always_inline]] inline float log1p(float x) {
  const float sum = 1.0f + x;
  const float lost = x - (sum - 1.0f);
  const std::int32_t n = detail::balanced_exponent(sum);
  // 2^-n in two factors, since n goes up to 128.
  const float f = (detail::scale_down(sum, n) - 1.0f) + 0.5f * (lost * detail::power_of_two(1 - n));
  const float finite = detail::log_of_parts(static_cast<float>(n), f);
  const float above_minus_one = x < detail::kInfinity && x != 0.0f ? finite : x;
  const float special = x == -1.0f ? -detail::kInfinity : detail::kNan;
  return x > -1.0f ? above_minus_one : special;
}

// Error up to 1.41 ULP.
[[gnu::always_inline]] inline float tanh(float x) {
  const float a = std::fabs(x);
  const float z = x * x;
  const float near_zero =
      a + a * z * detail::polynomial(z, -0.333332986f, 0.133319363f, -0.05378481f, 0.0207996219f, -0.0059000575f);
  const float clamped = a > 9.1f ? 9.1f : a;
  const float away = 1.0f - 2.0f / (detail::exp_normal(2.0f * clamped) + 1.0f);
  return detail::with_sign_of(a < 0.6f ? near_zero : away, x);
}

// 1 / (1 + exp(-x)). Error up to 1.96 ULP.
[[gnu::always_inline]] inline float sigmoid(float x) {
  const float e = exp_nonpositive(-std::fabs(x));
  const float numerator = x < 0.0f ? e : 1.0f;
  // numerator / (1 + e). In this form the rounding error of the quotient is small.
  return numerator - numerator * (e / (1.0f + e));
}

// log(1 + exp(x)). Error up to 0.53 ULP.
[[gnu::always_inline]] inline float softplus(float x) {
  const float a = std::fabs(x);
  const double e = detail::exp2_double((a > 200.0f ? 200.0f : a) * -1.4426950408889634);
  const double s = e / (e + 2.0);
  const double rest =
      s * detail::polynomial(s * s, 2.0000000000051288, 0.66666666220801607, 0.40000063225221677, 0.28568076299727885,
                             0.22306335504259603, 0.17112855270087596, 0.2188965395307407);
  return static_cast<float>((x < 0.0f ? 0.0f : x) + rest);
}

// Error up to 1.26 ULP.
[[gnu::always_inline]] inline float erf(float x) {
  const float a = std::fabs(x);
  const float z = x * x;
  const float near_zero = a + a * detail::polynomial(z, 0.128379151f, -0.376125038f, 0.112819225f, -0.0267708134f,
                                                     0.00500016985f, -0.000603139459f);
  const float clamped = a > 3.95f ? 3.95f : a;
  // log(1 - erf(a)).
  const float exponent = detail::polynomial(clamped, -0.000144214995f, -1.12788939f, -0.636820614f, -0.104250237f,
                                            0.0223810431f, -0.00308199693f, 0.000199901086f);
  const float away = 1.0f - detail::exp_normal(exponent);
  return detail::with_sign_of(a < 0.875f ? near_zero : away, x);
}

// The normal density exp(-x^2 / 2) / sqrt(2 pi). Error up to 0.54 ULP.
[[gnu::always_inline]] inline float normal_pdf(float x) {
  return static_cast<float>(0.3989422804014327 * detail::exp_of_half_square(detail::normal_magnitude(x)));
}

// The normal distribution function (1 + erf(x / sqrt(2))) / 2, without the cancellation of that form below 0. Error up
// to 0.69 ULP.
[[gnu::always_inline]] inline float normal_cdf(float x) {
  const double tail = detail::normal_tail(detail::normal_magnitude(x));
  return static_cast<float>(x < 0.0f ? tail : 1.0 - tail);
}

// x times normal_cdf(x). Error up to 0.86 ULP.
[[gnu::always_inline]] inline float gelu(float x) {
  const double a = detail::normal_magnitude(x);
  return (x >= 0.0f ? x : -0.0f) - static_cast<float>(a * detail::normal_tail(a));
}

// Error up to 1.55 ULP for |x| < 2^24. Beyond that the result is in [-1, 1] and loses precision with |x|.
[[gnu::always_inline]] inline float sin(float x) { return x == 0.0f ? x : detail::sine_of(detail::reduce_angle(x)); }

// Error up to 1.55 ULP for |x| < 2^24. Beyond that the result is in [-1, 1] and loses precision with |x|.
[[gnu::always_inline]] inline float cos(float x) {
  detail::Quadrant q = detail::reduce_angle(x);
  q.number += 1u;
  return detail::sine_of(q);
}

// x to the power of y. Error up to 0.53 ULP. The special cases are those of C's pow.
[[gnu::always_inline]] inline float pow(float x, float y) {
  using detail::select;
  constexpr float kLargest = std::numeric_limits<float>::max();
  const float a = std::fabs(x);
  // 0 and infinity become powers of two beyond the range of float. An infinite y becomes the largest float, so 1^y
  // is 1.
  const double finite = detail::log2_double(a);
  const double positive = a > 0.0f ? finite : -1e300;
  const double log2 = a > kLargest ? 1e300 : positive;
  const float above = y > -kLargest ? y : -kLargest;
  const float exponent = above < kLargest ? above : kLargest;
  const double product = exponent * log2;
  const double below = product > 200.0 ? 200.0 : product;
  const float magnitude = static_cast<float>(detail::exp2_double(below < -200.0 ? -200.0 : below));
  // Every float of at least 2^24 is an even integer.
  const float lower = exponent > -0x1p24f ? exponent : -0x1p24f;
  const float bounded = lower < 0x1p24f ? lower : 0x1p24f;
  const auto integer = static_cast<std::int32_t>(bounded);
  const bool whole = static_cast<float>(integer) == bounded;
  const auto odd = static_cast<std::uint32_t>(integer) & static_cast<std::uint32_t>(whole);
  const float sign = std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) & (odd << 31));
  const float real = detail::with_sign_of(magnitude, sign);
  const bool undefined = (x < 0.0f) & (a <= kLargest) & !whole;
  const float number = select(undefined, detail::kNan, real);
  const float number_or_nan = select((x != x) | (y != y), detail::kNan, number);
  return select((x == 1.0f) | (y == 0.0f), 1.0f, number_or_nan);
}

// The same functions of double, by the standard library.
[[gnu::always_inline]] inline double exp(double x) { return std::exp(x); }
[[gnu::always_inline]] inline double exp_nonpositive(double x) { return std::exp(x); }
[[gnu::always_inline]] inline double expm1(double x) { return std::expm1(x); }
[[gnu::always_inline]] inline double log(double x) { return std::log(x); }
[[gnu::always_inline]] inline double log1p(double x) { return std::log1p(x); }
[[gnu::always_inline]] inline double tanh(double x) { return std::tanh(x); }
[[gnu::always_inline]] inline double erf(double x) { return std::erf(x); }
[[gnu::always_inline]] inline double normal_pdf(double x) { return 0.3989422804014327 * std::exp(-0.5 * (x * x)); }
[[gnu::always_inline]] inline double normal_cdf(double x) { return 0.5 * std::erfc(x * -0.70710678118654752); }
[[gnu::always_inline]] inline double gelu(double x) { return (x < -1e4 ? -1e4 : x) * normal_cdf(x); }
[[gnu::always_inline]] inline double sin(double x) { return std::sin(x); }
[[gnu::always_inline]] inline double cos(double x) { return std::cos(x); }
[[gnu::always_inline]] inline double pow(double x, double y) { return std::pow(x, y); }
[[gnu::always_inline]] inline double sqrt(double x) { return std::sqrt(x); }
[[gnu::always_inline]] inline double rsqrt(double x) { return 1.0 / std::sqrt(x); }
[[gnu::always_inline]] inline double abs(double x) { return std::fabs(x); }
[[gnu::always_inline]] inline double max(double a, double b) { return detail::select((a != a) | (a > b), a, b); }
[[gnu::always_inline]] inline double min(double a, double b) { return detail::select((a != a) | (a < b), a, b); }
[[gnu::always_inline]] inline double sigmoid(double x) {
  const double e = std::exp(-std::fabs(x));
  return (x < 0.0 ? e : 1.0) / (1.0 + e);
}
[[gnu::always_inline]] inline double softplus(double x) {
  return (x > 0.0 ? x : 0.0) + std::log1p(std::exp(-std::fabs(x)));
}

}  // namespace gradus::math
