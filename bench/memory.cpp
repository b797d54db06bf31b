#include <gradus/bench/memory.h>

#include <algorithm>

#include <gradus/autograd/foundation/internal/stopwatch.h>
#include <gradus/autograd/foundation/memory.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/bench/machine.h>
#include <gradus/models/registry.h>
#include <gradus/nn/parameters.h>
#include <gradus/train/step.h>

namespace gradus::bench {
namespace {

// The same model and training with the smallest widths, batch and lengths.
StepSetup smallest(StepSetup setup) {
  models::Seq2SeqOptions& model = setup.run.model;
  model.dim = model.heads;
  model.hidden = 1;
  model.ffn = std::min(model.ffn, Index{1});
  setup.run.train.batch = setup.run.train.shards * setup.run.train.accumulate;
  return setup;
}

void train_one_step(const StepSetup& setup) {
  nn::ParameterStore store(static_cast<std::uint64_t>(setup.run.train.seed));
  const auto model = models::make_model(store.root(), setup.run.model);
  train::TrainingStep(*model, store, setup.run.train).run(draw_batch(setup, 1, 1, 0), 0, setup.run.train.lr);
}

}  // namespace

MemoryPoint measure_memory(const StepSetup& setup, Lengths lengths, Index steps) {
  const ResidentGrowth program;
  train_one_step(smallest(setup));
  const double of_program = program.bytes();
  memory::reset_peak();
  const ResidentGrowth resident;
  nn::ParameterStore store(static_cast<std::uint64_t>(setup.run.train.seed));
  const auto model = models::make_model(store.root(), setup.run.model);
  train::TrainingStep step(*model, store, setup.run.train);
  const Philox random(1, 0);
  Samples times;
  for (Index i = 0; i < steps; ++i) {
    const double part = lengths == Lengths::equal ? 1 : random.uniform(static_cast<std::uint64_t>(i));
    const auto cut = [&](Index length) {
      return std::max(Index{1}, static_cast<Index>(part * static_cast<double>(length)));
    };
    const data::Batch batch = draw_batch(setup, cut(setup.source), cut(setup.target), static_cast<std::uint64_t>(i));
    const Stopwatch time;
    step.run(batch, i, setup.run.train.lr);
    times.add(time.seconds());
  }
  return {.in_use = static_cast<double>(memory::peak()),
          .resident = resident.bytes(),
          .program = of_program,
          .seconds = times.median()};
}

}  // namespace gradus::bench
