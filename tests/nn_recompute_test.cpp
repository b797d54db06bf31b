#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/engine/recompute.h>
#include <gradus/autograd/foundation/memory.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>
#include <gradus/nn/transformer.h>

#include "catch.h"

using namespace gradus;

namespace {

struct Outcome {
  std::vector<std::vector<float>> gradients;
  std::size_t peak = 0;  // bytes, less those in use before
};

Outcome run(bool recompute) {
  nn::ParameterStore store(1);
  std::vector<nn::TransformerEncoderLayer> layers;
  const nn::TransformerOptions options{
      .dim = 64, .heads = 4, .ffn = 256, .dropout = 0.1, .norm = nn::NormOrder::pre, .residual = true};
  for (Index i = 0; i < 12; ++i) layers.emplace_back(store.root() / "layers" / i, options);

  const nn::Training training;
  const RandomScope random(1, 1);
  const std::size_t before = memory::in_use();
  memory::reset_peak();
  Tensor x = Tensor::normal({32, 64, 64}, 0, 1, Philox(1, 2));
  for (const auto& layer : layers) {
    auto block = [&layer](const std::vector<Tensor>& in) { return layer(in[0]); };
    x = recompute ? checkpoint(block, {x}) : block({x});
  }
  mean(square(x)).backward();

  Outcome outcome;
  outcome.peak = memory::peak() - before;
  for (const nn::Parameter& p : store.all()) outcome.gradients.push_back(p.tensor.grad().to_vector<float>());
  return outcome;
}

}  // namespace

TEST_CASE("recompute halves the memory of a deep Transformer and changes no bit, also with dropout") {
  const Outcome kept = run(false), recomputed = run(true);
  CHECK(kept.gradients == recomputed.gradients);
  CHECK(recomputed.peak * 2 < kept.peak);
}
