// Regression with an op of your own: a network learns the 10 %, 50 % and 90 % quantiles of noisy data.
// Build: cmake --preset release && cmake --build --preset release --target example_quantile_regression
// Run:   build/release/examples/quantile_regression
#include <cmath>
#include <cstdio>

#include <gradus/autograd/autograd.h>
#include <gradus/nn/linear.h>
#include <gradus/optim/adam.h>

using namespace gradus;

// The pinball loss (Koenker & Bassett 1978): q e where e > 0, else (q - 1) e. Its mean over y - f(x) is smallest when f
// is the quantile q of y given x. One formula defines the op; its derivatives come from dual numbers, and it
// broadcasts.
Tensor pinball(const Tensor& error, const Tensor& q) {
  return pointwise("pinball", error, q, [](auto e, auto p) { return where(e > 0.0, p * e, (p - 1.0) * e); });
}

struct Quantiles {
  nn::Linear first, second, last;
  explicit Quantiles(nn::Scope scope)
      : first(scope / "first", 1, 32), second(scope / "second", 32, 32), last(scope / "last", 32, 3) {}
  Tensor operator()(const Tensor& x) const { return last(tanh(second(tanh(first(x))))); }  // [n, 1] -> [n, 3]
};

struct Points {
  Tensor x, y;  // [n, 1]
};

// y = sin(3 x) with noise whose width grows with |x|.
Points draw(Index n, std::uint64_t stream) {
  const Tensor x = Tensor::uniform({n, 1}, -1, 1, Philox(/*seed=*/1, stream));
  const Tensor noise = Tensor::normal({n, 1}, 0, 1, Philox(/*seed=*/2, stream));
  return {x, sin(3 * x) + (0.1 + 0.4 * square(x)) * noise};
}

int main() {
  // The op first: its derivatives against differences, in f64, to second order.
  const Tensor error = Tensor::from({-1.5, -0.2, 0.3, 2.0}).set_requires_grad();
  const Tensor q = Tensor::from({0.1, 0.5, 0.9, 0.3}).set_requires_grad();
  const auto checked =
      gradcheck([](const std::vector<Tensor>& in) { return pinball(in[0], in[1]); }, {error, q}, {.order = 2});
  std::printf("%s\n", to_string(checked).c_str());

  nn::ParameterStore store(/*seed=*/1);
  const Quantiles quantiles(store.root());
  optim::Adam adam(store.trainable());
  const Tensor levels = Tensor::from({0.1F, 0.5F, 0.9F});
  constexpr int steps = 800;
  for (int step = 0; step < steps; ++step) {
    const auto [x, y] = draw(256, static_cast<std::uint64_t>(step));
    const Tensor loss = mean(pinball(y - quantiles(x), levels));
    loss.backward();
    adam.step(/*lr=*/0.01 * (1 - step / double{steps}));
    adam.zero_grad();
    if (step % 200 == 0) std::printf("step %3d: loss %.4f\n", step, loss.item());
  }

  const NoGrad no_grad;
  const auto [x, y] = draw(20000, 1000000);
  const Tensor below = mean(y < quantiles(x), 0);  // the share of new points below each curve
  std::printf("points below the three curves: %s; expected 0.1, 0.5 and 0.9\n", to_string(below).c_str());
  if (checked.passed() && max(abs(below - levels)).item() < 0.03) return 0;
  std::fprintf(stderr, "the gradient check failed, or a share is off by 0.03 or more\n");
  return 1;
}
