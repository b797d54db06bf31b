#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <gradus/report/curves.h>
#include <gradus/train/checkpoint.h>
#include <gradus/train/config.h>

namespace gradus::report {

/// How far a run is, by its configuration and the lines of metrics.jsonl and times.jsonl. Numbers that the files do not
/// determine are unset.
struct RunProgress {
  train::RunConfig config;
  std::vector<Curve> curves = {};  // as read_curves has them, with the speed
  train::Position position = {};   // step, epoch, validated, best_step, best and stale; the others are unset
  bool complete = false;           // nothing is left to train or to validate
  Index steps = 0;  // of the whole run; an estimate where train.epochs counts; 0: unknown before an epoch ended
  std::optional<double> steps_per_second = {};  // of the last lines, with validations
  std::optional<double> seconds_left = {};      // of a run that is not complete
};

/// Reads the files of a run. Throws Error when the folder is no run and when a file has a defect.
RunProgress read_progress(const std::filesystem::path& run);

/// The name in metrics.jsonl of the measure train.best_by: "valid_accuracy".
std::string best_name(const train::RunConfig& config);

}  // namespace gradus::report
