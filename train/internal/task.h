#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gradus/data/metrics.h>
#include <gradus/files/internal/json.h>
#include <gradus/train/checkpoint.h>
#include <gradus/train/dataset.h>
#include <gradus/train/run.h>
#include <gradus/train/run_directory.h>
#include <gradus/train/step.h>

namespace gradus::train {

/// The results of a validation. Of images, an output is a class, and so one token.
struct Validation {
  data::Score score;
  double loss = 0;                // nats per token or image
  double value = 0;               // of train.best_by
  files::JsonFields fields = {};  // of its line in metrics.jsonl, without step and epoch
  std::string text = {};          // of its line of progress
};

/// What a trainer trains: a model on the examples of a dataset. Both must outlive it.
class Task {
 public:
  virtual ~Task() = default;

  /// The batches of an epoch, as rows of the training examples.
  virtual std::vector<std::vector<Index>> plan(Index epoch) const = 0;
  /// The number of batches of an epoch; an estimate where epochs differ.
  virtual Index batches() const = 0;
  /// The batch of these rows for a step, counted from 0.
  virtual std::unique_ptr<StepBatch> batch(const std::vector<Index>& rows, Index step) const = 0;

  /// Runs the model on the validation examples, which the ranks divide, if there are any. `stop` ends it between two
  /// batches, as DecodeOptions::stop does. Throws
  ///
  /// - models::Stopped after `stop` returned true;
  /// - models::NanScores when the loss or a score is not a finite number.
  virtual Validation validate(const std::function<bool()>& stop, Ranks* ranks) const = 0;

  /// "pairs" or "images", for messages.
  virtual const char* examples() const = 0;
  /// Sets the fingerprints of the examples.
  virtual void identify(Position& position) const = 0;
  /// Throws Error unless the files of a run beside its checkpoints belong to the dataset.
  virtual void check_files(const RunDirectory& directory) const = 0;
};

/// The task of a run's model. Throws Error when the run has no model, or the dataset nothing to train or to validate
/// on.
std::unique_ptr<const Task> make_task(const Run& run, const Dataset& dataset);

/// The number of steps of a run; an estimate where epochs differ.
Index total_steps(const TrainConfig& config, const Task& task);

/// A name for the examples to train or to validate on in messages: the task, or the files.
std::string training_origin(const DataConfig& config);
std::string validation_origin(const DataConfig& config);

}  // namespace gradus::train
