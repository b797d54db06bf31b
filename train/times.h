#pragma once

#include <chrono>
#include <filesystem>

#include <gradus/train/metrics.h>
#include <gradus/train/step.h>

namespace gradus::train {

/// What the steps of a run took so far, in all processes that trained it.
struct TrainingTimes {
  double step_seconds = 0;  // wall time of the steps alone
  Index examples = 0,       ///< pairs or images of all steps
      target_tokens = 0;    ///< of all steps, end marks included; images have none
};

/// Writes times.jsonl: for each line of losses in metrics.jsonl a line with
///
/// - `step`;
/// - `seconds`, the wall time in training so far, with validations, of all processes that trained the run;
/// - `step_seconds`, the part of the steps alone;
/// - `examples` and `target_tokens`, those of all steps; images have no tokens.
///
/// It is a file of its own because runs that are equal otherwise differ in it.
class TimesLog {
 public:
  /// Continues the file after its last line up to `step`. Later lines, and all lines from one that is not of this form,
  /// are removed. Throws Error when a call of the system fails and when the file is a link, or has another name.
  TimesLog(const std::filesystem::path& path, Index step);

  /// Counts a step on `examples` pairs or images.
  void add(const TrainingStep::Result& result, Index examples);
  /// Writes a line. Throws Error when a write fails.
  void append(Index step);
  /// The sums of all steps so far.
  const TrainingTimes& times() const { return sums_.times; }

 private:
  // The sums after a line, and the bytes of the file up to its end.
  struct Sums {
    double seconds = 0;
    TrainingTimes times = {};
    Index bytes = 0;
  };
  static Sums read(const std::filesystem::path& path, Index step);

  Sums sums_;
  double seconds_before_;
  MetricsLog file_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace gradus::train
