#include <gradus/bench/epoch.h>

#include <algorithm>

#include <gradus/autograd/foundation/internal/stopwatch.h>
#include <gradus/train/internal/task.h>
#include <gradus/train/step.h>

namespace gradus::bench {

std::vector<data::Batch> epoch_batches(const train::Run& run, const train::Dataset& dataset, Index most) {
  if (!run.model) throw Error("a benchmark of an epoch needs pairs; " + run.config.model.model + " trains on images");
  std::vector<std::vector<Index>> plan = train::make_task(run, dataset)->plan(0);
  if (most > 0 && most < std::ssize(plan)) plan.resize(static_cast<std::size_t>(most));
  std::vector<data::Batch> batches;
  for (const std::vector<Index>& rows : plan) batches.push_back(data::make_batch(dataset.train, rows));
  return batches;
}

EpochTimes time_epoch(const train::Run& run, const std::vector<data::Batch>& batches,
                      const std::function<void(Index)>& report, train::Ranks* ranks) {
  train::TrainingStep step(*run.model, *run.store, run.config.train, ranks);
  EpochTimes times;
  double entries = 0;
  for (const data::Batch& batch : batches) {
    const Stopwatch one;
    const double loss = step.run(batch, static_cast<Index>(times.step.size()), run.config.train.lr).loss;
    const double seconds = one.seconds();
    times.step.add(seconds);
    times.seconds += seconds;
    if (times.step.size() == 1) times.first_loss = loss;
    times.mean_loss += loss / static_cast<double>(batches.size());
    times.target_tokens += batch.target_tokens;
    times.source_tokens +=
        std::ssize(batch.source) - std::count(batch.source.begin(), batch.source.end(), data::pad_id);
    entries += static_cast<double>(batch.source.size() + batch.target_out.size());
    report(static_cast<Index>(times.step.size()));
  }
  times.padding = 1 - static_cast<double>(times.source_tokens + times.target_tokens) / entries;
  return times;
}

}  // namespace gradus::bench
