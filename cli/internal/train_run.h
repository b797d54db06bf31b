#pragma once

#include <string>
#include <vector>

#include <gradus/cli/internal/config_flags.h>
#include <gradus/train/trainer.h>

namespace gradus::cli {

/// The flags of `gradus train`.
struct TrainFlags {
  std::string out = {};
  ConfigFlags config = {};
  std::vector<std::string> renames = {};
  bool overwrite = false, resume = false;
  bool report = false;           // whether the page of the run is written while it trains
  std::string tensorboard = {};  // folder of event files; empty: none
  double rank_timeout = 600;     // seconds until a rank that does not answer ends the run
  bool fast_reduce = false;      // whether MPI chooses the order of additions
  bool shard_optimizer = false;  // whether ranks share the optimiser's state
};

/// How a training ended, and its result as a line of JSON.
struct TrainResult {
  train::Outcome outcome;
  std::string line;
};

/// Trains a new run, or continues one with `resume`, on the ranks; null: this process alone. Throws UsageError and
/// Error as the command reports them.
TrainResult run_training(const TrainFlags& flags, train::Ranks* ranks);

/// Throws UsageError if `asked` changes a setting of the run. train.detect_nan may change, because it changes no
/// result. Before the data are read (`settled` is false), settings that the data determine may still have their
/// original values.
void check_repeats(const train::RunConfig& asked, const train::RunConfig& config, bool settled,
                   const train::RunDirectory& directory);

}  // namespace gradus::cli
