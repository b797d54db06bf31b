// A vision Transformer that reads small noisy pictures of a bar, and says in which of four directions it lies.
// Build: cmake --preset release && cmake --build --preset release --target example_vit
// Run:   build/release/examples/vit
#include <array>
#include <cstdio>
#include <vector>

#include <gradus/autograd/autograd.h>
#include <gradus/models/vit.h>
#include <gradus/nn/training.h>
#include <gradus/optim/adam.h>
#include <gradus/optim/clip.h>

using namespace gradus;

constexpr Index side = 12;
constexpr std::array<const char*, 4> names{"level", "upright", "rising", "falling"};

struct Batch {
  Tensor pictures, labels;  // [batch, 1, side, side], [batch]
};

// A bar of five bright pixels, anywhere in the picture, under noise.
Batch draw(Index count, std::uint64_t stream) {
  const Philox random(/*seed=*/1, stream);
  std::vector<float> pixels(static_cast<std::size_t>(count * side * side), 0);
  std::vector<Index> labels;
  for (Index i = 0; i < count; ++i) {
    const auto at = static_cast<std::uint64_t>(3 * i);
    const auto label = static_cast<Index>(random.below(at, names.size()));
    Index row = 2 + static_cast<Index>(random.below(at + 1, side - 4)),
          column = 2 + static_cast<Index>(random.below(at + 2, side - 4));
    const std::array<std::array<Index, 2>, 4> directions{{{0, 1}, {1, 0}, {-1, 1}, {1, 1}}};
    const auto [down, right] = directions[static_cast<std::size_t>(label)];
    for (Index step = -2; step <= 2; ++step)
      pixels[static_cast<std::size_t>((i * side + row + step * down) * side + column + step * right)] = 1;
    labels.push_back(label);
  }
  const Shape shape{count, 1, side, side};
  return {Tensor::from(pixels, shape) + Tensor::normal(shape, 0, 0.2, Philox(/*seed=*/2, stream)),
          Tensor::from(labels, {count})};
}

void show(const Tensor& picture) {  // [side, side]
  const float* pixel = picture.data<float>();
  for (Index row = 0; row < side; ++row, std::puts(""))
    for (Index column = 0; column < side; ++column, ++pixel)
      std::printf("%s", *pixel > 0.7F ? "##" : *pixel > 0.3F ? "::" : "  ");
}

int main() {
  nn::ParameterStore store(/*seed=*/1);
  const models::Vit vit(store.root(), {.channels = 1,
                                       .height = side,
                                       .width = side,
                                       .patch = 3,
                                       .classes = names.size(),
                                       .dim = 32,
                                       .layers = 2,
                                       .heads = 4,
                                       .ffn = 64,
                                       .dropout = 0.05});
  optim::AdamW adam(store.trainable());
  constexpr int steps = 200;
  for (int step = 0; step < steps; ++step) {
    const nn::Training on;                                                   // dropout acts
    const RandomScope random(/*seed=*/1, static_cast<std::uint64_t>(step));  // and draws these numbers
    const auto [pictures, labels] = draw(64, static_cast<std::uint64_t>(step));
    const Tensor loss = cross_entropy(vit(pictures), labels);
    loss.backward();
    adam.step(/*lr=*/0.003 * (1 - step / double{steps}), optim::clip_scale(store.trainable(), 1).scale);
    adam.zero_grad();
    if (step % 50 == 0) std::printf("step %3d: loss %.3f\n", step, loss.item());
  }

  const NoGrad no_grad;
  const nn::Training off(false);
  const auto [pictures, labels] = draw(500, 1000000);
  const Tensor found = argmax(vit(pictures), 1);
  const double accuracy = mean(found == labels).item();
  show(pictures[0][0]);
  std::printf("found: %s\naccuracy on new pictures: %.3f\n", names[static_cast<std::size_t>(found[0].item<Index>())],
              accuracy);
  if (accuracy > 0.9) return 0;
  std::fprintf(stderr, "expected an accuracy above 0.9\n");
  return 1;
}
