// An epoch of training on pairs, timed: its batches, tokens and losses.
#include <gradus/bench/epoch.h>

#include "small_run.h"

namespace gradus::train::bench_epoch_test {

TEST_CASE("bench epoch trains on the batches of the first epoch") {
  const auto losses = [](Index most) {
    Trained t(small({{"model.dropout", "0"}, {"train.lr", "0.01"}}));
    const std::vector<data::Batch> batches = bench::epoch_batches(t.run, t.dataset, most);
    std::vector<Index> reported;
    const bench::EpochTimes times = bench::time_epoch(t.run, batches, [&](Index n) { reported.push_back(n); });
    CHECK(std::ssize(reported) == std::ssize(batches));
    CHECK(reported.back() == std::ssize(batches));
    CHECK(times.step.size() == batches.size());
    CHECK(times.seconds > 0);
    return times;
  };
  // 120 pairs in batches of 9
  Trained t(small());
  CHECK(bench::epoch_batches(t.run, t.dataset).size() == 14);
  CHECK(bench::epoch_batches(t.run, t.dataset, 100).size() == 14);
  CHECK(bench::epoch_batches(t.run, t.dataset, 3).size() == 3);

  const bench::EpochTimes all = losses(0), one = losses(1);
  Index source = 0, target = 0;
  for (const data::EncodedPair& pair : t.dataset.train) {
    source += std::ssize(pair.source) + 1;  // with an end mark
    target += std::ssize(pair.target) + 1;
  }
  CHECK(all.source_tokens == source);
  CHECK(all.target_tokens == target);
  CHECK(all.padding > 0);
  CHECK(all.padding < 0.5);
  CHECK(one.first_loss == one.mean_loss);
  CHECK(one.first_loss == all.first_loss);
  CHECK(all.mean_loss < all.first_loss);
}

TEST_CASE("bench epoch refuses a model of images") {
  Run run;
  run.config.model.model = "vit";
  CHECK_THROWS_WITH(bench::epoch_batches(run, Dataset()), Catch::Matchers::ContainsSubstring("vit trains on images"));
}

}  // namespace gradus::train::bench_epoch_test
