#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gradus/optim/average.h>
#include <gradus/train/checkpoint.h>
#include <gradus/train/dataset.h>
#include <gradus/train/evaluate.h>
#include <gradus/train/metrics.h>
#include <gradus/train/observer.h>
#include <gradus/train/progress.h>
#include <gradus/train/ranks.h>
#include <gradus/train/run.h>
#include <gradus/train/step.h>
#include <gradus/train/times.h>

namespace gradus::train {

/// Why Trainer::run ended: at the configuration's end, by train.patience, or by `stop`.
enum class Ending { complete, patience, interrupted };

/// The result of Trainer::run.
struct Outcome {
  Ending ending = Ending::complete;  // why it ended
  Position position;                 // at the end
  data::Score score;                 // of the last validation of this call
};

/// The steps of a run, and those between two validations (0: one follows each epoch).
struct TrainingLength {
  Index steps = 0;           // in all; an estimate when train.batch counts tokens
  Index evaluate_every = 0;  // train.evaluate_every, or what train.min_steps gives
};

class Task;

/// Whether a run at this position has nothing left to train or to validate.
bool is_complete(const TrainConfig& config, const Position& position);

/// Trains a run's model on a dataset.
///
/// - Batches come in the order of their epoch. Validation follows each epoch, or every train.evaluate_every steps, and
///   the end.
/// - The best and the last state are saved, with train.keep the newest states, and with train.keep_best the models of
///   the best validations. With train.average the best state holds the averages, the last state both.
/// - The result depends only on the configuration and the data.
/// - With ranks, each has a trainer of the same run and dataset. They divide the shards of each batch, and the examples
///   of a validation. Give a directory to the trainer of one rank. It then writes all files, which are those of a
///   process alone.
class Trainer {
 public:
  /// Run, dataset and ranks must outlive it; null: this process alone. Throws Error when the run has no model, the
  /// dataset has no pairs or images to train or to validate on, or the optimiser or the schedule refuses a setting.
  /// Throws ConfigError as check(TrainConfig) does, and when a setting of decoding is out of its range.
  Trainer(Run& run, const Dataset& dataset, Ranks* ranks = nullptr);
  /// Writes nothing.
  ~Trainer();

  /// Continues from the last checkpoint of a run, or from the start when there is none. All later results and files
  /// have the same bits as without the interruption, unless settings were changed; `run` then prints a note for each.
  /// Throws Error, with no file changed, when
  ///
  /// - the checkpoint or a vocabulary cannot be read, or belongs to another model or other pairs;
  /// - a changed setting gives the parameters another meaning, or is the optimiser or train.best_by.
  void resume(const RunDirectory& directory);

  /// Trains to the configuration's end, or until `stop` returns true. Then saves the state.
  ///
  /// - With ranks all call it, and `stop` of one ends the run of all. Throws Error, on all ranks, when they differ in
  ///   program, kernels, configuration, data or checkpoint, and RankLost when a rank does not answer.
  /// - `stop` is called after each step, and between the batches of a validation on any thread. A validation that it
  ///   ends is done again after `resume`.
  /// - Without a directory nothing is written.
  /// - With train.average the model of the run keeps the trained parameters; load_run reads the averages.
  /// - Throws Error when training diverges (a loss, a gradient, a parameter or a state of the optimiser is not finite)
  ///   and when a write fails. Earlier checkpoints stay.
  Outcome run(Progress& progress, const RunDirectory* directory = nullptr, const std::function<bool()>& stop = {});

  /// Shows each line of the metrics of a run with a directory to the observer, which must outlive the calls of `run`.
  void observe(TrainingObserver& observer) { observers_.push_back(&observer); }

  /// The position after the last step.
  const Position& position() const { return position_; }
  /// The number of steps of the configuration; an estimate when train.batch counts tokens.
  Index total_steps() const { return length_.steps; }

 private:
  using Stop = std::function<bool()>;

  void go_on_from(const std::filesystem::path& checkpoint);
  void check_pairs(const Position& found, const std::string& name, const std::string& changes) const;
  void check_steps(const Position& found, const std::string& name) const;
  void check_ranks();
  bool stops(const Stop& stop) const;
  void note_overlap(Progress& progress) const;
  void open_metrics(Progress& progress);
  bool finished() const;
  void note_improvement(Progress& progress) const;
  bool out_of_patience() const;
  bool validation_due() const;
  double learning_rate(Index step) const;
  void train_steps(Progress& progress, const Stop& stop);
  void train_batch(const std::vector<Index>& rows, Progress& progress);
  void validate(Progress& progress, const Stop& stop);
  void save(bool best, bool keep);
  files::Safetensors packed(const StateOwners& owners) const;
  [[noreturn]] void refuse_divergence(const std::string& what) const;
  void note_best_validation(const BestValidation& found);
  void prune() const;
  StateOwners owners();
  void log_losses(double lr, double grad_norm);

  Run& run_;
  Ranks* const ranks_;
  std::unique_ptr<const Task> task_;
  const RunDirectory* directory_ = nullptr;
  const TrainConfig& config_;
  TrainingStep step_;
  TrainingLength length_;
  optim::Schedule schedule_;
  std::optional<optim::Plateau> plateau_;
  std::optional<optim::Average> average_;
  std::optional<MetricsLog> metrics_;
  std::optional<TimesLog> times_;
  std::vector<TrainingObserver*> observers_;
  Position position_;
  data::Score score_;
  std::vector<double> values_;      // of train.best_by, in the validations of this call
  std::vector<std::string> notes_;  // of resume, for run
};

}  // namespace gradus::train
