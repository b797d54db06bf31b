// Trains without the trainer: parameters, a loss, backward, a step of the optimiser.
// Build: cmake --preset release && cmake --build --preset release --target example_2_by_hand
// Run:   build/release/examples/2_by_hand
#include <cstdio>

#include <gradus/autograd/ops.h>
#include <gradus/nn/linear.h>
#include <gradus/optim/adam.h>

using namespace gradus;

int main() {
  nn::ParameterStore store(/*seed=*/1);
  const nn::Linear hidden(store.root() / "hidden", 2, 16), output(store.root() / "output", 16, 1);
  optim::Adam adam(store.trainable());

  const Tensor x = Tensor::from<float>({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2});
  const Tensor exclusive_or = Tensor::from<float>({0, 1, 1, 0}, {4, 1});
  double last = 0;
  for (int step = 0; step < 300; ++step) {
    const Tensor loss = mse_loss(output(tanh(hidden(x))), exclusive_or);
    loss.backward();
    adam.step(/*lr=*/0.05);
    adam.zero_grad();
    last = loss.item();
  }
  std::printf("loss %.6f\n", last);
  if (last < 0.01) return 0;
  std::fprintf(stderr, "expected a loss below 0.01\n");
  return 1;
}
