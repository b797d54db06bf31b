// A gradient penalty (Gulrajani et al. 2017): a critic with slope 1 measures how far apart two sets of points are.
// Build: cmake --preset release && cmake --build --preset release --target example_gradient_penalty
// Run:   build/release/examples/gradient_penalty
#include <cmath>
#include <cstdio>

#include <gradus/autograd/autograd.h>
#include <gradus/nn/linear.h>
#include <gradus/optim/adam.h>

using namespace gradus;

constexpr double penalty = 10;
constexpr double shift = 2;  // the Wasserstein distance of a set of points and the same set, moved by so much
constexpr Index batch = 128;

struct Critic {
  nn::Linear first, second, last;
  explicit Critic(nn::Scope scope)
      : first(scope / "first", 2, 32), second(scope / "second", 32, 32), last(scope / "last", 32, 1) {}
  Tensor operator()(const Tensor& x) const { return last(softplus(second(softplus(first(x))))); }  // [n, 2] -> [n, 1]
};

Tensor points(std::uint64_t stream) { return Tensor::normal({batch, 2}, 0, 0.5, Philox(/*seed=*/1, stream)); }

// |df/dx| at each point [n, 1]. With create_graph it can be differentiated by the parameters of f.
Tensor slope(const Critic& f, const Tensor& x) {
  const Tensor at = x.detach().set_requires_grad();
  const Tensor gradient = grad(sum(f(at)), at, {.create_graph = true});
  return sqrt(sum(square(gradient), 1, true) + 1e-12);
}

int main() {
  nn::ParameterStore store(/*seed=*/1);
  const Critic critic(store.root());
  optim::Adam adam(store.trainable(), {.beta1 = 0.5, .beta2 = 0.9});
  const Tensor moved = Tensor::from<float>({shift, 0});
  double distance = 0, steepness = 0;  // moving averages
  constexpr int steps = 600;
  for (int step = 0; step < steps; ++step) {
    const auto stream = static_cast<std::uint64_t>(3 * step);
    const Tensor a = points(stream) + moved, b = points(stream + 1);
    const Tensor share = Tensor::uniform({batch, 1}, 0, 1, Philox(/*seed=*/1, stream + 2));
    const Tensor apart = mean(critic(a)) - mean(critic(b));
    const Tensor slopes = slope(critic, share * a + (1 - share) * b);  // between the two sets
    const Tensor loss = penalty * mean(square(slopes - 1)) - apart;
    loss.backward();
    adam.step(/*lr=*/0.005 * (1 - step / double{steps}));
    adam.zero_grad();
    distance += 0.02 * (apart.item() - distance);
    steepness += 0.02 * (mean(slopes).item() - steepness);
    if (step % 100 == 99) std::printf("step %3d: distance %.3f, slope %.3f\n", step + 1, distance, steepness);
  }
  // slope * shift - penalty (slope - 1)² is largest at this slope, a little above 1.
  const double best = 1 + shift / (2 * penalty);
  std::printf("distance for a slope of 1: %.3f; that of the points is %.0f\n", distance / steepness, shift);
  if (std::abs(steepness - best) < 0.02 && std::abs(distance / steepness - shift) < 0.05) return 0;
  std::fprintf(stderr, "expected a slope of %.2f\n", best);
  return 1;
}
