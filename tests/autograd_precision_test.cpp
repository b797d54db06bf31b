// The error of elementwise ops in f32, in units in the last place, at every magnitude.
#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>

#include "catch.h"
#include "scaled.h"

namespace gradus::autograd_precision_test {
namespace {

// Floats of both signs and of all magnitudes in [smallest, largest], many between 2^-4 and 2^4.
Tensor floats(double smallest, double largest, bool negative) {
  std::vector<float> v;
  auto both = [&](double x) {
    v.push_back(static_cast<float>(x));
    if (negative) v.push_back(static_cast<float>(-x));
  };
  for (double x = smallest; x <= largest; x *= 1.0173) both(x);
  for (double x = 1.0 / 16; x <= std::min(16.0, largest); x *= 1.000331)
    if (x >= smallest) both(x);
  return Tensor::from(v, {static_cast<Index>(v.size())});
}

struct Op {
  const char* name;
  double smallest, largest;
  bool negative;
  std::function<Tensor(const Tensor&)> f;
  double ulp;
};

}  // namespace

TEST_CASE("elementwise ops in f32 are within a few ULP of f64") {
  const std::vector<Op> ops{
      {"exp", 1e-30, 85, true, [](auto& x) { return exp(x); }, 1.5},
      {"expm1", 1e-30, 85, true, [](auto& x) { return expm1(x); }, 2},
      {"log", 1e-37, 1e37, false, [](auto& x) { return log(x); }, 1.5},
      {"log1p", 1e-30, 1e37, false, [](auto& x) { return log1p(x); }, 2},
      {"log1p below 0", 1e-30, 0.999, true, [](auto& x) { return log1p(x); }, 2},
      {"sqrt", 1e-37, 1e37, false, [](auto& x) { return sqrt(x); }, 0.5},
      {"rsqrt", 1e-37, 1e37, false, [](auto& x) { return rsqrt(x); }, 2},
      {"reciprocal", 1e-37, 1e37, true, [](auto& x) { return reciprocal(x); }, 0.5},
      {"sin", 1e-30, 1e4, true, [](auto& x) { return sin(x); }, 2},
      {"cos", 1e-30, 1e4, true, [](auto& x) { return cos(x); }, 2},
      {"erf", 1e-30, 1e4, true, [](auto& x) { return erf(x); }, 2},
      {"tanh", 1e-30, 1e4, true, [](auto& x) { return tanh(x); }, 2},
      {"sigmoid", 1e-30, 85, true, [](auto& x) { return sigmoid(x); }, 2},
      {"softplus", 1e-30, 85, true, [](auto& x) { return softplus(x); }, 1},
      {"silu", 1e-30, 80, true, [](auto& x) { return silu(x); }, 3},
      {"gelu", 1e-30, 12.5, true, [](auto& x) { return gelu(x); }, 2},
      {"square", 1e-18, 1e18, true, [](auto& x) { return square(x); }, 0.5},
      {"pow 3", 1e-12, 1e12, true, [](auto& x) { return pow(x, 3.0); }, 1},
      {"pow -1.5", 1e-20, 1e20, false, [](auto& x) { return pow(x, -1.5); }, 1},
      {"div", 1e-30, 1e30, true, [](auto& x) { return div(x, to(Tensor::scalar(0.7f), x.dtype())); }, 0.5},
      {"softplus(x) / (1 + x²)", 1e-3, 80, true, [](auto& x) { return softplus(x) / (square(x) + 1.0); }, 3},
  };
  for (const Op& op : ops) {
    const Tensor x = floats(op.smallest, op.largest, op.negative);
    const std::vector<float> got = op.f(x).to_vector<float>();
    const std::vector<double> want = op.f(to(x, DType::f64)).to_vector<double>();
    double worst = 0;
    std::size_t at = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
      const double unit = std::ldexp(1.0, std::max(want[i] == 0 ? -126 : std::ilogb(want[i]), -126) - 23);
      const double off = std::fabs(got[i] - want[i]) / unit;
      if (off > worst) {
        worst = off;
        at = i;
      }
    }
    INFO(op.name << "(" << x.data<float>()[at] << ") is " << got[at] << " in f32 and " << want[at] << " in f64");
    CHECK(worst <= op.ulp + 0.01);
  }
}

TEST_CASE("gelu by tanh in f32 is as precise as the argument of its sigmoid") {
  const Tensor x = floats(1e-30, 12, true);
  const std::vector<float> got = gelu(x, Gelu::tanh).to_vector<float>();
  const std::vector<double> want = gelu(to(x, DType::f64), Gelu::tanh).to_vector<double>();
  // The argument of the sigmoid is rounded, so the error grows with it.
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double v = x.data<float>()[i], argument = 1.6 * std::fabs(v + 0.044715 * v * v * v);
    INFO(v);
    CHECK(std::fabs(got[i] - want[i]) <= 2e-7 * (2 + (v < 0 ? argument : 0)) * std::fabs(want[i]) + 1e-44);
  }
}

TEST_CASE("sums, products and softmax of long vectors are precise in f32") {
  std::vector<float> v;
  for (int i = 0; i < 100'003; ++i) v.push_back(std::sin(static_cast<float>(i) * 0.37f) + 1.1f);
  const Tensor x = Tensor::from(v, {100'003}), y = to(x, DType::f64);
  CHECK(sum(x).item() == Approx(sum(y).item()).epsilon(2e-6));
  CHECK(mean(x).item() == Approx(mean(y).item()).epsilon(2e-6));
  CHECK(var(x).item() == Approx(var(y).item()).epsilon(4e-6));
  CHECK(matmul(x, x).item() == Approx(matmul(y, y).item()).epsilon(4e-6));
  CHECK(logsumexp(x, 0).item() == Approx(logsumexp(y, 0).item()).epsilon(1e-6));
  CHECK(sum(softmax(x, 0)).item() == Approx(1).epsilon(2e-6));
  // The mean is subtracted before squaring, so a large mean costs little precision.
  CHECK(var(x + 1000.0).item() == Approx(var(y).item()).epsilon(2e-3));
}

namespace {

constexpr double ulp = 1.2e-7;  // of f32, relative

// The sum of a tensor's numbers in f64, by the exact value of a constant.
Tensor constant(const Shape& shape) { return Tensor::full(shape, 0.1); }
const double tenth = static_cast<double>(0.1f);

}  // namespace

TEST_CASE("regression: sums along leading axes, and of rows longer than a block, lost digits") {
  for (const Index n : {Index{1}, Index{17}, Index{4097}, Index{1'000'000}, scaled(Index{16'000'000})}) {
    INFO(n);
    CHECK(sum(constant({n})).item() == Approx(tenth * static_cast<double>(n)).epsilon(2 * ulp));
  }
  for (const Index columns : {1, 3, 4, 63, 64, 300}) {
    const Index rows = scaled(columns > 64 ? 100'000 : 1'000'000);
    INFO(rows << " x " << columns);
    const std::vector<float> sums = sum(constant({rows, columns}), {0}).to_vector<float>();
    for (float s : sums) CHECK(static_cast<double>(s) == Approx(tenth * static_cast<double>(rows)).epsilon(2 * ulp));
    const std::vector<float> middle = sum(constant({2, rows / 2, columns}), {1}).to_vector<float>();
    for (float s : middle)
      CHECK(static_cast<double>(s) == Approx(tenth * static_cast<double>(rows / 2)).epsilon(2 * ulp));
  }
}

TEST_CASE("regression: the mean and variance of many rows were wrong along the leading axis") {
  const Tensor x = Tensor::normal({4'000'000, 4}, 100, 1, Philox(1, 0));
  for (float m : mean(x, {0}).to_vector<float>()) CHECK(static_cast<double>(m) == Approx(100).epsilon(2e-5));
  for (float v : var(x, {0}).to_vector<float>()) CHECK(static_cast<double>(v) == Approx(1).epsilon(3e-3));
  CHECK(var(x).item() == Approx(1).epsilon(1e-3));
}

TEST_CASE("gradients that sum many rows are precise: biases, layer_norm, broadcast inputs, the mean of a loss") {
  const Index rows = scaled(1'000'000);
  const double all = tenth * static_cast<double>(rows);
  const Tensor seed = constant({rows, 2}), x = Tensor::ones({rows, 2}), w = Tensor::ones({2, 2});
  Tensor b = Tensor::zeros({2}).set_requires_grad();
  backward(linear(x, w, b), {.seed = seed});
  CHECK(b.grad().data<float>()[1] == Approx(all).epsilon(2 * ulp));
  b.zero_grad();
  backward(x + b, {.seed = seed});
  CHECK(b.grad().data<float>()[1] == Approx(all).epsilon(2 * ulp));
  Tensor gain = Tensor::ones({2}).set_requires_grad();
  b.zero_grad();
  // x̂ is -1 and 1 in every row.
  backward(layer_norm(Tensor::from<float>({-1, 1}, {2}) * x, gain, b, 0), {.seed = seed});
  CHECK(b.grad().data<float>()[1] == Approx(all).epsilon(4 * ulp));
  CHECK(gain.grad().data<float>()[1] == Approx(all).epsilon(4 * ulp));
  const Tensor loss = cross_entropy(constant({rows, 2}), Tensor::zeros({rows}, DType::i64));
  CHECK(loss.item() == Approx(std::log(2)).epsilon(4 * ulp));
}

}  // namespace gradus::autograd_precision_test
