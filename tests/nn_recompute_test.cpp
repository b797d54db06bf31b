#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/engine/recompute.h>
#include <gradus/autograd/foundation/memory.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>
#include <gradus/nn/batch_norm.h>
#include <gradus/nn/dropout.h>
#include <gradus/nn/transformer.h>

#include "catch.h"

namespace gradus::nn_recompute_test {
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

TEST_CASE("regression: a checkpoint computed again in another training mode gave other gradients") {
  const auto gradient = [](bool training, bool later) {
    nn::ParameterStore store(1, DType::f64);
    const nn::Dropout dropout{0.5};
    const nn::BatchNorm norm(store.root(), 4);
    const Tensor x = Tensor::normal({8, 4}, 0, 1, Philox(1, 2), DType::f64).set_requires_grad();
    Tensor loss;
    {
      const nn::Training mode(training);
      const RandomScope random(1, 1);
      loss = sum(square(checkpoint([&](const std::vector<Tensor>& in) { return dropout(norm(in[0])); }, {x})));
    }
    const nn::Training mode(later);
    loss.backward();
    CHECK(nn::Training::on() == later);
    return x.grad().to_vector<double>();
  };
  CHECK(gradient(true, false) == gradient(true, true));
  CHECK(gradient(false, true) == gradient(false, false));
  CHECK(gradient(true, true) != gradient(false, false));
}

TEST_CASE("a checkpoint needs no training mode in backward") {
  const nn::Dropout dropout{0.5};
  const Tensor x = Tensor::ones({8}).set_requires_grad();
  Tensor loss;
  {
    const nn::Training on;
    loss = sum(checkpoint([&](const std::vector<Tensor>& in) { return dropout(in[0]); }, {x}));
  }
  loss.backward();
  CHECK(sum(x.grad()).item() == loss.item());
}

TEST_CASE("recompute halves the memory of a deep Transformer and changes no bit, also with dropout") {
  const Outcome kept = run(false), recomputed = run(true);
  CHECK(kept.gradients == recomputed.gradients);
  CHECK(recomputed.peak * 2 < kept.peak);
}

}  // namespace gradus::nn_recompute_test
