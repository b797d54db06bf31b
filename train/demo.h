#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include <gradus/autograd/foundation/types.h>
#include <gradus/train/progress.h>
#include <gradus/train/provenance.h>

namespace gradus::train {

/// What `run_demo` trains on, and where it writes.
struct DemoOptions {
  std::string task = "reverse";  // one of data::task_names()
  Index steps = 0;               // per model; 0: 2000
  Index seed = 1;                // train.seed of each model
  std::filesystem::path out;     // folder for a run directory per model; empty: nothing is written
  bool overwrite = false;        // replace the runs in `out`
  Provenance provenance = {};    // of the runs; the demo adds the origins of settings
};

/// Trains every model on one toy task and passes to `print`
///
/// - the share of correct outputs, by length of the source;
/// - the outputs for a few sources;
/// - attention weights.
///
/// False when `stop` returned true. Throws Error as training does, and when `print` is empty. Options and folders are
/// checked before training starts.
bool run_demo(const DemoOptions& options, const std::function<void(std::string_view)>& print, Progress& progress,
              const std::function<bool()>& stop = {});

}  // namespace gradus::train
