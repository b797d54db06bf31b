#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include <gradus/autograd/foundation/math.h>

#include "catch.h"

namespace gradus::autograd_math_test {
namespace math = gradus::math;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kSmallest = std::numeric_limits<float>::denorm_min();

float float_of(std::uint64_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits)); }

bool same_bits(float a, float b) { return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b); }

// The distance from the true value in units in the last place. It is infinite if the signs differ, or if only one value
// is NaN or infinite.
double ulp_error(float got, double truth) {
  const auto rounded = static_cast<float>(truth);
  if (std::isnan(truth) || std::isnan(got)) return std::isnan(truth) && std::isnan(got) ? 0.0 : kInf;
  if (std::signbit(got) != std::signbit(rounded)) return kInf;
  if (std::isinf(rounded) || std::isinf(got)) return got == rounded ? 0.0 : kInf;
  const int exponent = truth == 0.0 ? -126 : std::max(std::ilogb(truth), -126);
  return std::fabs(got - truth) / std::ldexp(1.0, exponent - 23);
}

// The largest error over every 4099th float up to the limit, of both signs.
template <class Function, class Reference>
double worst_ulp(Function function, Reference reference, float limit = kInf) {
  constexpr std::uint64_t kStride = 4099;
  double worst = 0.0;
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += kStride) {
    const float x = float_of(bits);
    if (std::fabs(x) > limit) continue;
    worst = std::max(worst, ulp_error(function(x), reference(static_cast<double>(x))));
  }
  return worst;
}

double sigmoid_reference(double x) {
  const double e = std::exp(-std::fabs(x));
  return (x < 0 ? e : 1.0) / (1.0 + e);
}

// 0 at -inf.
double gelu_reference(double x) { return (x < -1e4 ? -1e4 : x) * (0.5 * std::erfc(x * -0.70710678118654752)); }

double softplus_reference(double x) { return (x < 0 ? 0.0 : x) + std::log1p(std::exp(-std::fabs(x))); }

}  // namespace

TEST_CASE("scalar functions of floats are within 2 ULP of the true value at every magnitude") {
  CHECK(worst_ulp([](float x) { return math::exp(x); }, [](double x) { return std::exp(x); }) < 1.2);
  CHECK(worst_ulp([](float x) { return math::exp_nonpositive(-std::fabs(x)); },
                  [](double x) { return std::exp(-std::fabs(x)); }) < 1.2);
  CHECK(worst_ulp([](float x) { return math::expm1(x); }, [](double x) { return std::expm1(x); }) < 1.7);
  CHECK(worst_ulp([](float x) { return math::log(x); }, [](double x) { return std::log(x); }) < 1.0);
  CHECK(worst_ulp([](float x) { return math::log1p(x); }, [](double x) { return std::log1p(x); }) < 1.7);
  CHECK(worst_ulp([](float x) { return math::tanh(x); }, [](double x) { return std::tanh(x); }) < 1.5);
  CHECK(worst_ulp([](float x) { return math::sigmoid(x); }, sigmoid_reference) < 2.0);
  CHECK(worst_ulp([](float x) { return math::softplus(x); }, softplus_reference) < 0.6);
  CHECK(worst_ulp([](float x) { return math::erf(x); }, [](double x) { return std::erf(x); }) < 1.3);
  CHECK(worst_ulp([](float x) { return math::normal_pdf(x); },
                  [](double x) { return 0.3989422804014327 * std::exp(-0.5 * x * x); }) < 0.6);
  CHECK(worst_ulp([](float x) { return math::normal_cdf(x); },
                  [](double x) { return 0.5 * std::erfc(x * -0.70710678118654752); }) < 0.7);
  CHECK(worst_ulp([](float x) { return math::gelu(x); }, gelu_reference) < 0.9);
  CHECK(worst_ulp([](float x) { return math::sin(x); }, [](double x) { return std::sin(x); }, 0x1p24f) < 1.7);
  CHECK(worst_ulp([](float x) { return math::cos(x); }, [](double x) { return std::cos(x); }, 0x1p24f) < 1.7);
  CHECK(worst_ulp([](float x) { return math::sqrt(x); }, [](double x) { return std::sqrt(x); }) <= 0.5);
  CHECK(worst_ulp([](float x) { return math::rsqrt(x); }, [](double x) { return 1.0 / std::sqrt(x); }) < 1.6);
}

TEST_CASE("pow is within 1 ULP of the true value for floats of all kinds") {
  double worst = 0.0;
  std::uint32_t a = 1, b = 2;
  const auto check = [&](float x, float y) {
    worst = std::max(worst, ulp_error(math::pow(x, y), std::pow(static_cast<double>(x), static_cast<double>(y))));
  };
  for (int i = 0; i < 200'000; ++i) {
    a = a * 1664525u + 1013904223u;
    b = b * 22695477u + 1u;
    const float any = float_of(a), exponent = float_of(b);
    const float modest = static_cast<float>(static_cast<std::int32_t>(b)) * 0x1p-24f;
    check(any, exponent);
    check(any, modest);
    check(any, std::round(modest));
    check(1.0f + static_cast<float>(static_cast<std::int32_t>(a)) * 0x1p-36f, modest * 1000.0f);
  }
  CHECK(worst < 0.6);
}

TEST_CASE("pow treats special arguments as the standard library does") {
  const float values[] = {0.0f,       -0.0f,     1.0f,        -1.0f,     2.0f,   -2.0f,      0.5f,
                          -0.5f,      3.0f,      -3.0f,       1.5f,      -1.5f,  kInf,       -kInf,
                          kNan,       kSmallest, -kSmallest,  1e30f,     -1e30f, 16777215.f, -16777215.f,
                          16777216.f, 1e-30f,    0.99999994f, 1.0000001f};
  for (const float x : values) {
    for (const float y : values) {
      CAPTURE(x, y);
      CHECK(ulp_error(math::pow(x, y), std::pow(static_cast<double>(x), static_cast<double>(y))) < 0.6);
    }
  }
  CHECK(math::pow(10.0f, 2.0f) == 100.0f);
  CHECK(math::pow(-2.0f, 3.0f) == -8.0f);
}

TEST_CASE("scalar functions of floats have the right limits") {
  CHECK(math::exp(kInf) == kInf);
  CHECK(same_bits(math::exp(-kInf), 0.0f));
  CHECK(math::exp(0.0f) == 1.0f);
  CHECK(math::exp(88.8f) == kInf);
  CHECK(math::exp(1e30f) == kInf);
  CHECK(same_bits(math::exp(-1e30f), 0.0f));
  CHECK(same_bits(math::exp_nonpositive(-kInf), 0.0f));
  CHECK(math::exp_nonpositive(0.0f) == 1.0f);
  CHECK(math::exp(-100.0f) == Approx(3.78e-44).epsilon(0.02));
  CHECK(same_bits(math::exp(-104.0f), 0.0f));
  CHECK(math::expm1(kInf) == kInf);
  CHECK(math::expm1(-kInf) == -1.0f);
  CHECK(math::log(kInf) == kInf);
  CHECK(math::log(0.0f) == -kInf);
  CHECK(math::log(-0.0f) == -kInf);
  CHECK(math::log(kSmallest) == Approx(-103.27893));
  CHECK(same_bits(math::log(1.0f), 0.0f));
  CHECK(std::isnan(math::log(-1.0f)));
  CHECK(math::log1p(-1.0f) == -kInf);
  CHECK(math::log1p(kInf) == kInf);
  CHECK(math::log1p(std::numeric_limits<float>::max()) == Approx(88.722839));
  CHECK(std::isnan(math::log1p(-1.5f)));
  CHECK(math::tanh(kInf) == 1.0f);
  CHECK(math::tanh(-kInf) == -1.0f);
  CHECK(math::erf(kInf) == 1.0f);
  CHECK(math::erf(-kInf) == -1.0f);
  CHECK(math::sigmoid(kInf) == 1.0f);
  CHECK(math::sigmoid(0.0f) == 0.5f);
  CHECK(same_bits(math::sigmoid(-kInf), 0.0f));
  CHECK(math::softplus(kInf) == kInf);
  CHECK(same_bits(math::softplus(-kInf), 0.0f));
  CHECK(std::isnan(math::sin(kInf)));
  CHECK(std::isnan(math::cos(kInf)));
  CHECK(math::rsqrt(0.0f) == kInf);
  CHECK(same_bits(math::rsqrt(kInf), 0.0f));
}

TEST_CASE("odd functions of zeros and tiny numbers return their argument") {
  for (const float x : {0.0f, -0.0f, kSmallest, -kSmallest}) {
    CAPTURE(x);
    CHECK(same_bits(math::tanh(x), x));
    CHECK(same_bits(math::expm1(x), x));
    CHECK(same_bits(math::log1p(x), x));
    CHECK(same_bits(math::erf(x), x));
    CHECK(same_bits(math::sin(x), x));
    CHECK(std::signbit(math::gelu(x)) == std::signbit(x));
  }
}

TEST_CASE("scalar functions of NaN are NaN") {
  for (const float x : {kNan, -kNan}) {
    CHECK(std::isnan(math::exp(x)));
    CHECK(std::isnan(math::expm1(x)));
    CHECK(std::isnan(math::log(x)));
    CHECK(std::isnan(math::log1p(x)));
    CHECK(std::isnan(math::tanh(x)));
    CHECK(std::isnan(math::sigmoid(x)));
    CHECK(std::isnan(math::softplus(x)));
    CHECK(std::isnan(math::erf(x)));
    CHECK(std::isnan(math::sin(x)));
    CHECK(std::isnan(math::cos(x)));
    CHECK(std::isnan(math::sqrt(x)));
    CHECK(std::isnan(math::rsqrt(x)));
    CHECK(std::isnan(math::abs(x)));
  }
}

TEST_CASE("sine and cosine of huge arguments are between -1 and 1") {
  for (const float x : {1e8f, -1e12f, 1e20f, -3e38f}) {
    CHECK(math::abs(math::sin(x)) <= 1.0f);
    CHECK(math::abs(math::cos(x)) <= 1.0f);
  }
}

TEST_CASE("max and min are NaN if an argument is NaN") {
  CHECK(math::max(1.0f, 2.0f) == 2.0f);
  CHECK(math::max(2.0f, 1.0f) == 2.0f);
  CHECK(math::min(1.0f, 2.0f) == 1.0f);
  CHECK(math::min(2.0f, 1.0f) == 1.0f);
  CHECK(std::isnan(math::max(kNan, 1.0f)));
  CHECK(std::isnan(math::max(1.0f, kNan)));
  CHECK(std::isnan(math::min(kNan, 1.0f)));
  CHECK(std::isnan(math::min(1.0f, kNan)));
  CHECK(std::isnan(math::max(1.0, static_cast<double>(kNan))));
}

TEST_CASE("sigmoid and softplus of doubles are accurate at the extremes") {
  CHECK(math::sigmoid(-700.0) == Approx(std::exp(-700.0)).epsilon(1e-14));
  CHECK(math::sigmoid(-1e4) == 0.0);
  CHECK(math::sigmoid(1e4) == 1.0);
  CHECK(math::sigmoid(2.0) == Approx(1.0 / (1.0 + std::exp(-2.0))).epsilon(1e-15));
  CHECK(math::softplus(1e4) == 1e4);
  CHECK(math::softplus(-1e4) == 0.0);
  CHECK(math::softplus(-700.0) == Approx(std::exp(-700.0)).epsilon(1e-14));
  CHECK(math::softplus(0.0) == Approx(std::log(2.0)).epsilon(1e-15));
  CHECK(std::isnan(math::softplus(static_cast<double>(kNan))));
}

}  // namespace gradus::autograd_math_test
