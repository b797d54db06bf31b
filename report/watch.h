#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <gradus/report/text_plot.h>

namespace gradus::report {

struct WatchOptions {
  std::vector<std::string> curves = {};  // names in metrics.jsonl; empty: loss, the measure train.best_by, lr
  Index columns = 80;                    // of the text
  Index rows = 0;                        // of the text at most; 0: as many as it needs
  Marks marks = Marks::braille;
  bool colors = false;
};

/// Runs as text, and whether all of them are complete.
struct WatchText {
  std::vector<std::string> lines;
  bool complete = false;
};

/// For each run its step, rate, time left and best value, then the curves, which the runs share. Plots are side by side
/// where two of 60 columns fit. With few rows, plots are lower, and the last ones are left out. Throws Error when a
/// path is no run, and when a file of a run has a defect.
WatchText watch_text(const std::vector<std::filesystem::path>& runs, const WatchOptions& options);

}  // namespace gradus::report
