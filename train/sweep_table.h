#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <gradus/train/checkpoint.h>
#include <gradus/train/config.h>

namespace gradus::train {

/// A run of a sweep, as it is in its folder.
struct SweptRun {
  std::string name;        // of its folder
  RunConfig config;        // as in its config.toml
  Position position = {};  // without a checkpoint: the start
  bool complete = false;   // nothing is left to train or to validate
  Index parameters = 0;    // numbers in the best checkpoint; 0: it has none
};

/// The runs in the folders of `folder`, the best first, then those without a validation. Throws Error when a run cannot
/// be read.
std::vector<SweptRun> read_swept_runs(const std::filesystem::path& folder);

/// The settings, by key, that differ between the runs, other than those that depend on the data.
std::vector<std::string> differing_settings(const std::vector<SweptRun>& runs);

/// One row of headings, then one per run: the settings that differ, the best value of train.best_by, steps,
/// parameters. A run that is not complete has "stopped" as its state.
std::vector<std::vector<std::string>> sweep_rows(const std::vector<SweptRun>& runs);

/// Writes sweep.tsv, which has the rows, and sweep.jsonl, which has an object per run, into the folder.
void write_sweep_files(const std::filesystem::path& folder, const std::vector<SweptRun>& runs);

}  // namespace gradus::train
