// Time an element (the last column; 1000 ps are 1 ns) of each scalar function over 64K floats, beside the standard
// library's.
#include <benchmark/benchmark.h>

#include <cmath>
#include <string>
#include <vector>

#include "autograd/math.h"

namespace math = gradus::math;

namespace {

constexpr std::size_t kCount = std::size_t{1} << 16;

std::vector<float> evenly_spaced(float low, float high) {
  std::vector<float> values(kCount);
  for (std::size_t i = 0; i < kCount; ++i) {
    values[i] = low + (high - low) * static_cast<float>(i) / static_cast<float>(kCount);
  }
  return values;
}

template <class Function>
void run(benchmark::State& state, Function function, float low, float high) {
  const std::vector<float> in = evenly_spaced(low, high);
  std::vector<float> out(kCount);
  for (auto _ : state) {
    const float* __restrict x = in.data();
    float* __restrict y = out.data();
    for (std::size_t i = 0; i < kCount; ++i) y[i] = function(x[i]);
    benchmark::DoNotOptimize(y);
    benchmark::ClobberMemory();
  }
  state.counters["element"] = benchmark::Counter(
      static_cast<double>(kCount), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

template <class Ours, class Theirs>
void compare(const std::string& name, Ours ours, Theirs theirs, float low, float high) {
  benchmark::RegisterBenchmark((name + "/gradus").c_str(), run<Ours>, ours, low, high);
  benchmark::RegisterBenchmark((name + "/std").c_str(), run<Theirs>, theirs, low, high);
}

}  // namespace

int main(int argc, char** argv) {
  compare(
      "exp", [](float x) { return math::exp(x); }, [](float x) { return std::exp(x); }, -10.0f, 10.0f);
  compare(
      "expm1", [](float x) { return math::expm1(x); }, [](float x) { return std::expm1(x); }, -10.0f, 10.0f);
  compare(
      "log", [](float x) { return math::log(x); }, [](float x) { return std::log(x); }, 1e-3f, 100.0f);
  compare(
      "log1p", [](float x) { return math::log1p(x); }, [](float x) { return std::log1p(x); }, -0.9f, 10.0f);
  compare(
      "tanh", [](float x) { return math::tanh(x); }, [](float x) { return std::tanh(x); }, -5.0f, 5.0f);
  compare(
      "sigmoid", [](float x) { return math::sigmoid(x); }, [](float x) { return 1.0f / (1.0f + std::exp(-x)); }, -10.0f,
      10.0f);
  compare(
      "softplus", [](float x) { return math::softplus(x); },
      [](float x) { return std::fmax(x, 0.0f) + std::log1p(std::exp(-std::fabs(x))); }, -10.0f, 10.0f);
  compare(
      "erf", [](float x) { return math::erf(x); }, [](float x) { return std::erf(x); }, -4.0f, 4.0f);
  compare(
      "sin", [](float x) { return math::sin(x); }, [](float x) { return std::sin(x); }, -1000.0f, 1000.0f);
  compare(
      "cos", [](float x) { return math::cos(x); }, [](float x) { return std::cos(x); }, -1000.0f, 1000.0f);
  compare(
      "pow", [](float x) { return math::pow(x, 1.7f + x); }, [](float x) { return std::pow(x, 1.7f + x); }, 0.01f,
      10.0f);
  compare(
      "sqrt", [](float x) { return math::sqrt(x); }, [](float x) { return std::sqrt(x); }, 0.0f, 100.0f);
  compare(
      "rsqrt", [](float x) { return math::rsqrt(x); }, [](float x) { return 1.0f / std::sqrt(x); }, 0.01f, 100.0f);
  compare(
      "abs", [](float x) { return math::abs(x); }, [](float x) { return std::fabs(x); }, -1.0f, 1.0f);
  compare(
      "max", [](float x) { return math::max(x, 0.5f - x); }, [](float x) { return std::fmax(x, 0.5f - x); }, -1.0f,
      1.0f);
  compare(
      "min", [](float x) { return math::min(x, 0.5f - x); }, [](float x) { return std::fmin(x, 0.5f - x); }, -1.0f,
      1.0f);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
