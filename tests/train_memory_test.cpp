#include <gradus/data/toy_tasks.h>
#include <gradus/models/registry.h>
#include <gradus/train/step.h>

#include "catch.h"
#include "resident.h"
#include "scaled.h"

namespace gradus::train_memory_test {

TEST_CASE("resident memory stays constant over 10000 training steps of changing lengths") {
  const data::Task task = data::make_task("reverse", {.count = 2000, .min_length = 1, .max_length = 12});
  const data::Vocabulary words = data::Vocabulary::build(data::count_source_tokens(task.pairs));
  const auto pairs = data::encode(task.pairs, words, words);

  models::Seq2SeqOptions options;
  options.model = "rnn-attention";
  options.source_vocab = options.target_vocab = words.size();
  options.dim = options.hidden = 16;
  nn::ParameterStore store(1);
  const auto model = models::make_model(store.root(), options);
  train::TrainingStep step(*model, store, {.batch = 4});

  const data::BatchOptions by{.size = 4};
  const auto plan = data::plan_batches(pairs, by);
  const Index steps = scaled(Index{10000});
  double settled = 0;
  for (Index i = 0; i < steps; ++i) {
    step.run(data::make_batch(pairs, plan[static_cast<std::size_t>(i) % plan.size()]), i, 1e-3);
    if (i == steps / 10) settled = resident_bytes();
  }
  // Sanitizers keep freed memory for a while, so resident memory means little.
  if (!sanitizers::watching) CHECK(resident_bytes() <= 1.02 * settled);
}

}  // namespace gradus::train_memory_test
