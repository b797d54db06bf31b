// A generative adversarial network (Goodfellow et al. 2014) that learns to draw points on a ring.
// Build: cmake --preset release && cmake --build --preset release --target example_gan
// Run:   build/release/examples/gan
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include <gradus/autograd/autograd.h>
#include <gradus/nn/linear.h>
#include <gradus/optim/adam.h>

using namespace gradus;

constexpr double pi = 3.14159265358979, radius = 2;
constexpr Index batch = 128;

struct Network {
  nn::Linear first, second, last;
  Network(nn::Scope scope, Index in, Index out)
      : first(scope / "first", in, 48), second(scope / "second", 48, 48), last(scope / "last", 48, out) {}
  Tensor operator()(const Tensor& x) const { return last(leaky_relu(second(leaky_relu(first(x), 0.2)), 0.2)); }
};

Tensor ring(Index n, std::uint64_t stream) {
  const Tensor angle = Tensor::uniform({n, 1}, 0, 2 * pi, Philox(/*seed=*/1, stream));
  const Tensor distance = Tensor::normal({n, 1}, radius, 0.1, Philox(/*seed=*/2, stream));
  return concat({distance * cos(angle), distance * sin(angle)}, 1);
}
Tensor noise(Index n, std::uint64_t stream) { return Tensor::normal({n, 2}, 0, 1, Philox(/*seed=*/3, stream)); }

// The loss of logits whose points are all real, or all made.
Tensor loss_as(const Tensor& logits, double real) {
  return binary_cross_entropy_with_logits(logits, full_like(logits, real));
}

void plot(const std::vector<float>& points) {
  std::array<std::string, 19> rows;
  rows.fill(std::string(38, ' '));
  for (std::size_t i = 0; i < points.size(); i += 2) {
    const double column = (points[i] / 3 + 1) * 19, row = (points[i + 1] / 3 + 1) * 9.5;
    if (column >= 0 && column < 38 && row >= 0 && row < 19)
      rows[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)] = '*';
  }
  for (const std::string& row : rows) std::printf("%s\n", row.c_str());
}

int main() {
  nn::ParameterStore made(/*seed=*/1), judged(/*seed=*/2);
  const Network generator(made.root(), 2, 2), critic(judged.root(), 2, 1);
  optim::Adam generator_adam(made.trainable(), {.beta1 = 0.5}), critic_adam(judged.trainable(), {.beta1 = 0.5});
  constexpr int steps = 2000;
  for (int step = 0; step < steps; ++step) {
    const auto stream = static_cast<std::uint64_t>(step);
    const double lr = 0.002 * (1 - step / double{steps});
    const Tensor fake = generator(noise(batch, stream));

    const Tensor critic_loss = loss_as(critic(ring(batch, stream)), 1) + loss_as(critic(fake.detach()), 0);
    critic_loss.backward();
    critic_adam.step(lr);

    const Tensor generator_loss = loss_as(critic(fake), 1);  // as if the points were real
    generator_loss.backward();
    generator_adam.step(lr);
    generator_adam.zero_grad();
    critic_adam.zero_grad();
    if (step % 500 == 0)
      std::printf("step %4d: loss of the critic %.3f, of the generator %.3f\n", step, critic_loss.item(),
                  generator_loss.item());
  }

  const NoGrad no_grad;
  const std::vector<float> points = generator(noise(1000, 1000000)).to_vector<float>();
  plot(points);
  double off = 0;                   // the mean distance from the ring
  std::array<int, 8> sectors = {};  // points per eighth of the ring
  for (std::size_t i = 0; i < points.size(); i += 2) {
    off += std::abs(std::hypot(points[i], points[i + 1]) - radius) / 1000;
    const double eighth = (std::atan2(points[i + 1], points[i]) / pi + 1) * 4;
    ++sectors[static_cast<std::size_t>(std::min(eighth, 7.0))];
  }
  const int fewest = *std::min_element(sectors.begin(), sectors.end());
  std::printf("mean distance from the ring %.3f; fewest points in an eighth of it: %d of 1000\n", off, fewest);
  if (off < 0.25 && fewest >= 40) return 0;
  std::fprintf(stderr, "expected a distance below 0.25, and 40 points in each eighth\n");
  return 1;
}
