// A physics-informed network (Raissi et al. 2019) that learns a wave from its equation, without a solver.
// Build: cmake --preset release && cmake --build --preset release --target example_4_physics_informed
// Run:   build/release/examples/4_physics_informed
//
// The Korteweg-de Vries equation of waves in shallow water, u_t + 6 u u_x + u_xxx = 0, has solitons: waves that keep
// their shape, u(x, t) = c / 2 sech²(√c / 2 (x - c t)). The loss uses the wave at t = 0, its values at the two ends of
// the box, and the equation at random points of the box, where u_xxx is the gradient of a gradient of a gradient.
#include <cmath>
#include <cstdio>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>
#include <gradus/nn/linear.h>
#include <gradus/optim/adam.h>

using namespace gradus;

constexpr double speed = 1, left = -6, right = 8, duration = 2;
constexpr int steps = 2000;
constexpr Index points = 256;

Tensor soliton(const Tensor& x, const Tensor& t) {
  const Tensor phase = (x - speed * t) * (std::sqrt(speed) / 2), twice_cosh = exp(phase) + exp(-phase);
  return 2 * speed / square(twice_cosh);
}

// u(x, t) = u(x, 0) + t N(x, t), which is the given wave at t = 0 for any network N. The input of the network is
// 0.3 x, which is about as large as t.
struct Wave {
  nn::Linear first, second, last;
  explicit Wave(nn::Scope scope)
      : first(scope / "first", 2, 32), second(scope / "second", 32, 32), last(scope / "last", 32, 1) {}
  Tensor operator()(const Tensor& x, const Tensor& t) const {
    const Tensor h = tanh(second(tanh(first(concat({x * 0.3, t}, 1)))));
    return soliton(x, 0 * t) + t * last(h);
  }
};

// dy/dx at each point: each u depends only on its own x, so the gradient of the sum contains them all.
Tensor derivative(const Tensor& y, const Tensor& x) { return grad(sum(y), x, {.create_graph = true}); }

// The residual of the equation, 0 for a solution.
Tensor residual(const Wave& u, const Tensor& x, const Tensor& t) {
  const Tensor value = u(x, t), u_t = derivative(value, t), u_x = derivative(value, x);
  const Tensor u_xxx = derivative(derivative(u_x, x), x);
  return u_t + 6 * value * u_x + u_xxx;
}

Tensor random_column(double low, double high, std::uint64_t stream) {
  return Tensor::uniform({points, 1}, low, high, Philox(/*seed=*/1, stream));
}

double relative_error(const Wave& u) {
  const NoGrad guard;
  const Tensor x = random_column(left, right, 0), t = random_column(0, duration, 1), exact = soliton(x, t);
  return std::sqrt(sum(square(u(x, t) - exact)).item() / sum(square(exact)).item());
}

int main() {
  nn::ParameterStore store(/*seed=*/1);
  const Wave u(store.root() / "wave");
  optim::Adam adam(store.trainable());
  std::printf("relative error before training: %.3f\n", relative_error(u));
  for (int step = 0; step < steps; ++step) {
    const auto stream = static_cast<std::uint64_t>(3 * step + 2);
    const Tensor x = random_column(left, right, stream).set_requires_grad(),
                 t = random_column(0, duration, stream + 1).set_requires_grad();
    const Tensor end = where(random_column(0, 1, stream + 2) < 0.5, left, right);
    const Tensor loss = mean(square(residual(u, x, t))) + mean(square(u(end, t) - soliton(end, t)));
    loss.backward();
    adam.step(/*lr=*/0.01 * (1 - step / double{steps}));
    adam.zero_grad();
    if (step % 500 == 0)
      std::printf("step %4d: loss %.6f, relative error %.4f\n", step, loss.item(), relative_error(u));
  }
  const double error = relative_error(u);
  std::printf("relative error against the exact soliton: %.4f\n", error);
  if (error < 0.05) return 0;
  std::fprintf(stderr, "expected an error below 0.05\n");
  return 1;
}
