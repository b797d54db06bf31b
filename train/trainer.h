#pragma once

#include <functional>
#include <optional>

#include <gradus/optim/average.h>
#include <gradus/train/checkpoint.h>
#include <gradus/train/dataset.h>
#include <gradus/train/evaluate.h>
#include <gradus/train/metrics.h>
#include <gradus/train/progress.h>
#include <gradus/train/run.h>
#include <gradus/train/step.h>

namespace gradus::train {

enum class Ending { complete, patience, interrupted };

struct Outcome {
  Ending ending = Ending::complete;
  Position position;
  data::Score score;  // of the last validation of this call
};

/// Trains a run's model on a dataset: batches in the order of their epoch, a validation after each epoch (or every so
/// many steps) and at the end, the best and the last parameters kept. With train.average the best are averages, and the
/// last checkpoint has both. Everything is a function of configuration and data.
class Trainer {
 public:
  /// Run and dataset must outlive it. Throws Error on settings that the optimiser or the schedule refuses.
  Trainer(Run& run, const Dataset& dataset);

  /// Takes up the state that a run left in its last checkpoint; a run that left none begins anew. What follows has the
  /// same bits as if training had never stopped, files included. Throws Error, with no file changed, when the
  /// checkpoint or a vocabulary cannot be read, is of another model, or of other pairs.
  void resume(const RunDirectory& directory);

  /// Trains to the end of the configuration, or until `stop` (asked after each step) says so; then the state is saved
  /// as it stands. Without a directory nothing is written. Throws Error when a loss or gradient is not finite, and when
  /// something cannot be written; checkpoints written before stay. With
  /// train.average the run's model keeps the trained parameters; load_run gives the averages.
  Outcome run(Progress& progress, const RunDirectory* directory = nullptr, const std::function<bool()>& stop = {});

  const Position& position() const { return position_; }
  /// The steps that the configuration asks for; with batches by tokens an estimate.
  Index total_steps() const { return total_steps_; }

 private:
  using Plan = std::vector<std::vector<Index>>;

  void go_on_from(const std::filesystem::path& checkpoint);
  void check_vocabulary(const std::filesystem::path& file, const data::Vocabulary& own) const;
  void open_metrics(Progress& progress);
  Plan plan(Index epoch) const;
  bool finished() const;
  bool out_of_patience() const;
  void train_batch(const std::vector<Index>& rows, Progress& progress);
  void validate(Progress& progress);
  void save(bool best, bool keep);
  void prune() const;
  StateOwners owners();
  void log(const std::string& line);

  Run& run_;
  const Dataset& data_;
  const RunDirectory* directory_ = nullptr;
  const TrainConfig& config_;
  TrainingStep step_;
  Index total_steps_ = 0;
  optim::Schedule schedule_;
  std::optional<optim::Plateau> plateau_;
  std::optional<optim::Average> average_;
  std::optional<MetricsLog> metrics_;
  Position position_;
  data::Score score_;
};

}  // namespace gradus::train
