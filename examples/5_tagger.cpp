// A tagger: an embedding, an LSTM in both directions, and a linear layer, over padded batches.
// Build: cmake --preset release && cmake --build --preset release --target example_5_tagger
// Run:   build/release/examples/5_tagger
//
// The tag of a letter is whether the same letter occurs again later in its sentence.
#include <algorithm>
#include <cstdio>
#include <vector>

#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>
#include <gradus/nn/embedding.h>
#include <gradus/nn/linear.h>
#include <gradus/nn/masks.h>
#include <gradus/nn/recurrent.h>
#include <gradus/nn/training.h>
#include <gradus/optim/adam.h>

using namespace gradus;

constexpr Index letters = 6, batch_size = 32, longest = 8;
constexpr Index no_tag = -1;  // of padding

struct Tagger {
  nn::Embedding embedding;
  nn::Recurrent network;
  nn::Dropout dropout;
  nn::Linear output;

  explicit Tagger(nn::Scope scope)
      : embedding(scope / "embedding", 1 + letters, 16),  // id 0 is padding
        network(scope / "network", {.kind = nn::CellKind::lstm, .in = 16, .hidden = 24, .bidirectional = true}),
        dropout{0.1},
        output(scope / "output", 2 * 24, 2) {}

  /// ids [batch, time] -> logits [batch, time, 2]
  Tensor operator()(const Tensor& ids) const {
    return output(dropout(network(embedding(ids), nn::padding_mask(ids)).outputs));
  }
};

struct Batch {
  Tensor ids, tags;  // [batch, time]
};

Batch make_batch(std::uint64_t seed) {
  const Philox random(/*seed=*/7, seed);
  std::uint64_t drawn = 0;
  std::vector<Index> ids(batch_size * longest, 0), tags(batch_size * longest, no_tag);
  for (Index row = 0; row < batch_size; ++row) {
    const auto begin = ids.begin() + row * longest, end = begin + 3 + static_cast<Index>(random.below(drawn++, 6));
    std::generate(begin, end, [&] { return 1 + static_cast<Index>(random.below(drawn++, letters)); });
    for (auto id = begin; id != end; ++id)
      tags[static_cast<std::size_t>(id - ids.begin())] = std::count(id + 1, end, *id) > 0;
  }
  return {Tensor::from(ids, {batch_size, longest}), Tensor::from(tags, {batch_size, longest})};
}

double accuracy(const Tagger& tagger) {
  const NoGrad no_grad;
  const nn::Training off(false);
  const auto [ids, tags] = make_batch(0);
  const Tensor logits = tagger(ids);
  double right = 0, all = 0;
  for (Index i = 0; i < tags.numel(); ++i) {
    const Index tag = tags.data<Index>()[i];
    if (tag == no_tag) continue;
    const float* scores = logits.data<float>() + 2 * i;
    right += (scores[1] > scores[0]) == (tag == 1);
    all += 1;
  }
  return right / all;
}

int main() {
  nn::ParameterStore store(/*seed=*/1);
  const Tagger tagger(store.root());
  optim::Adam adam(store.trainable());
  for (std::uint64_t step = 1; step <= 400; ++step) {
    const nn::Training on;                       // dropout acts
    const RandomScope random(/*seed=*/1, step);  // and draws these numbers
    const auto [ids, tags] = make_batch(step);
    cross_entropy(tagger(ids), tags, {.ignore_index = no_tag}).backward();
    adam.step(/*lr=*/0.01);
    adam.zero_grad();
  }
  const double reached = accuracy(tagger);
  std::printf("accuracy %.3f\n", reached);
  if (reached > 0.9) return 0;
  std::fprintf(stderr, "expected an accuracy above 0.9\n");
  return 1;
}
