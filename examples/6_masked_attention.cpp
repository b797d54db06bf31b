// A Transformer encoder under a mask of its own: a position reads itself and the two before it, and nothing else.
// Build: cmake --preset release && cmake --build --preset release --target example_6_masked_attention
// Run:   build/release/examples/6_masked_attention
//
// The tag of a letter is whether it equals the one two positions before.
#include <cstdio>
#include <vector>

#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>
#include <gradus/nn/embedding.h>
#include <gradus/nn/linear.h>
#include <gradus/nn/masks.h>
#include <gradus/nn/relative_bias.h>
#include <gradus/nn/transformer.h>
#include <gradus/optim/adam.h>

using namespace gradus;

constexpr Index letters = 4, batch_size = 32, length = 10, dim = 32, heads = 4;

/// [T, S], 1 where position t reads position s.
Tensor window(Index time, Index width) {
  const Tensor position = Tensor::arange(time);
  const Tensor distance = unsqueeze(position, 1) - unsqueeze(position, 0);
  return logical_and(distance >= 0, distance < width);
}

struct Model {
  nn::Embedding embedding;
  nn::RelativeBias distance;  // the order of the letters
  nn::TransformerEncoder encoder;
  nn::Linear output;

  explicit Model(nn::Scope scope)
      : embedding(scope / "embedding", 1 + letters, dim),  // id 0 is padding
        distance(scope / "distance", heads, 2),
        encoder(scope / "encoder", {.dim = dim, .heads = heads, .ffn = 64, .norm = nn::NormOrder::pre}, 2),
        output(scope / "output", dim, 2) {}

  /// ids [batch, time] -> logits [batch, time, 2]
  Tensor operator()(const Tensor& ids) const {
    const Index time = ids.size(1);
    return output(
        encoder(embedding(ids), nn::padding_mask(ids), {.mask = window(time, 3), .bias = distance(time, time)}));
  }
};

int main() {
  nn::ParameterStore store(/*seed=*/1);
  const Model model(store.root());
  optim::Adam adam(store.trainable());
  double last = 0;
  for (std::uint64_t step = 0; step < 300; ++step) {
    const Philox random(/*seed=*/3, step);
    std::vector<Index> ids, tags;
    for (Index i = 0; i < batch_size * length; ++i) {
      ids.push_back(1 + static_cast<Index>(random.below(static_cast<std::uint64_t>(i), letters)));
      tags.push_back(i % length >= 2 && ids.back() == ids[ids.size() - 3]);
    }
    const Tensor loss =
        cross_entropy(model(Tensor::from(ids, {batch_size, length})), Tensor::from(tags, {batch_size, length}));
    loss.backward();
    adam.step(/*lr=*/0.003);
    adam.zero_grad();
    last = loss.item();
  }
  std::printf("loss %.4f\n", last);
  if (last < 0.05) return 0;
  std::fprintf(stderr, "expected a loss below 0.05\n");
  return 1;
}
