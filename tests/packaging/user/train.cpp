#include <bit>
#include <cstdint>
#include <cstdio>

#include <gradus/autograd/autograd.h>
#include <gradus/nn/linear.h>
#include <gradus/nn/losses.h>
#include <gradus/nn/recurrent.h>
#include <gradus/nn/training.h>
#include <gradus/nn/transformer.h>
#include <gradus/optim/adam.h>

using namespace gradus;

// The layers are compiled here, from headers, and the ops in the library. Prints the bits of the last loss.
int main() {
  nn::ParameterStore store(/*seed=*/1);
  const nn::Scope root = store.root();
  const nn::Recurrent network(root / "network",
                              {.kind = nn::CellKind::gru, .in = 6, .hidden = 8, .bidirectional = true});
  const nn::TransformerEncoderLayer layer(root / "layer", {.dim = 16, .heads = 2, .dropout = 0.2, .rotary = true});
  const nn::Linear output(root / "output", 16, 5);
  optim::Adam adam(store.trainable());
  const Tensor x = Tensor::normal({4, 7, 6}, 0, 1, Philox(/*seed=*/2, /*stream=*/0)),
               labels = Tensor::full({4, 7}, 3, DType::i64);
  float loss = 0;
  for (std::uint64_t step = 1; step <= 5; ++step) {
    const nn::Training on;
    const RandomScope dropped(/*seed=*/3, step);
    const Tensor y = cross_entropy(output(layer(network(x).outputs)), labels);
    y.backward();
    adam.step(/*lr=*/0.01);
    adam.zero_grad();
    loss = y.item<float>();
  }
  std::printf("0x%08x\n", std::bit_cast<std::uint32_t>(loss));
}
