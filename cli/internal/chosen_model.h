#pragma once

#include <string>

#include <gradus/cli/internal/config_flags.h>
#include <gradus/data/batches.h>
#include <gradus/train/dataset.h>
#include <gradus/train/progress.h>
#include <gradus/train/run.h>

namespace gradus::cli {

/// A model to look into: that of a run's settings (--run), or of settings as `gradus train` takes them.
struct ChosenModel {
  std::string run;
  ConfigFlags config;
};
/// Adds the flags.
void add_model_flags(CLI::App& command, ChosenModel& flags);

struct LoadedModel {
  train::Dataset dataset;
  train::Run run;  // with initial parameters
};
/// Loads the data and makes the model, with positions for sources and targets of these lengths at least. Throws
/// UsageError and Error as the command reports them.
LoadedModel load_model(const ChosenModel& flags, train::Progress& progress, Index source = 0, Index target = 0);

/// A batch of random tokens of these lengths, of the run's size.
data::Batch random_batch(const train::Run& run, Index source, Index target);

}  // namespace gradus::cli
