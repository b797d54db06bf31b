// Several trainers in one process.
#include <future>

#include <gradus/autograd/checks/anomaly.h>
#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/matmul.h>
#include <gradus/nn/training.h>
#include <gradus/train/trainer.h>

#include "catch.h"
#include "scaled.h"

namespace gradus::train_together_test {
namespace {

train::Dataset dataset_of(const std::string& model, Index seed) {
  return train::load_dataset(train::resolve({.preset = "tiny",
                                             .assignments = {{"model.name", model},
                                                             {"data.task", "reverse"},
                                                             {"data.pairs", "60"},
                                                             {"data.valid_pairs", "20"},
                                                             {"train.seed", std::to_string(seed)},
                                                             {"train.steps", "6"},
                                                             {"train.evaluate_every", "3"},
                                                             {"train.batch", "16"}}}));
}

// The parameters after training.
std::vector<float> trained(const std::string& model, Index seed) {
  const train::Dataset data = dataset_of(model, seed);
  train::Run run = train::make_run(data.config, data.source, data.target);
  train::Progress progress = train::Progress::silent();
  train::Trainer(run, data).run(progress);
  return run.store->block().to_vector<float>();
}

}  // namespace

TEST_CASE("regression: trainers at once in one process failed with 'computed under NoGrad'") {
  const std::vector<std::string> models = {"rnn", "transformer", "rnn-attention", "attention"};
  struct Restore {
    ~Restore() { set_threads(0); }
  } const restore;
  set_threads(2);
  std::vector<std::vector<float>> alone;
  for (std::size_t i = 0; i < models.size(); ++i) alone.push_back(trained(models[i], static_cast<Index>(i)));
  for (int repeat = 0; repeat < scaled(4); ++repeat) {
    std::vector<std::future<std::vector<float>>> together;
    for (std::size_t i = 0; i < models.size(); ++i)
      together.push_back(std::async(std::launch::async, trained, models[i], static_cast<Index>(i)));
    for (std::size_t i = 0; i < models.size(); ++i) CHECK(together[i].get() == alone[i]);
  }
}

TEST_CASE("a shard starts with the modes of a new thread") {
  struct Restore {
    ~Restore() { set_threads(0); }
  } const restore;
  for (int n : {1, 4}) {
    set_threads(n);
    const NoGrad no_grad;
    const nn::Training training;
    const RowInvariant row_invariant;
    const RandomScope random(5, 6);
    const DetectAnomaly anomaly;
    std::atomic<int> fresh{0};
    run_shards(64, [&](Index) {
      fresh += grad_enabled() && !thread_modes.training && !gradus::row_invariant() && !observer() && in_shard() &&
               RandomScope::current().seed == 0;
    });
    CHECK(fresh == 64);
    CHECK(!grad_enabled());
    CHECK(nn::Training::on());
    CHECK(gradus::row_invariant());
    CHECK(observer());
    CHECK(!in_shard());
    CHECK(RandomScope::current().seed == 5);
  }
}

TEST_CASE("regression: a Trainer without model or pairs read out of bounds") {
  const train::Dataset data = dataset_of("rnn", 1);
  train::Run run = train::make_run(data.config, data.source, data.target);
  const auto refuses = [](train::Run& r, const train::Dataset& d, const std::string& text) {
    CHECK_THROWS_WITH(train::Trainer(r, d), Catch::Matchers::ContainsSubstring(text));
  };
  train::Run without_model;
  refuses(without_model, data, "the run has no model");
  refuses(run, {}, "no pairs to train on");
  train::Dataset untested = data;
  untested.valid.clear();
  refuses(run, untested, "no pairs to validate on");
  train::TrainingStep step(*run.model, *run.store, data.config.train);
  CHECK_THROWS_WITH(step.run(data::Batch{}, 0, 1e-3), Catch::Matchers::ContainsSubstring("step 1: the batch is empty"));
}

}  // namespace gradus::train_together_test
