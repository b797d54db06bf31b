#pragma once

#include <optional>

#include <gradus/cli/internal/command.h>
#include <gradus/models/decode.h>
#include <gradus/train/run_config.h>

namespace gradus::cli {

/// The options of decode and eval that choose outputs. Those without a value have that of the run's setting decode.*.
struct SearchFlags {
  std::optional<Index> beam;
  std::optional<double> length_penalty, coverage_penalty;
  Index samples = 0, risk_samples = 0;  // --sample (decode alone), --mbr
  double temperature = 1, top_p = 1;
  Index top_k = 0, seed = 1;
};

/// Adds the options. With `sampling` also --sample, which gives several outputs per source.
void add_search_flags(CLI::App& command, SearchFlags& flags, bool sampling);

/// Throws UsageError when the options of sampling are given without sampling.
void check_search_flags(const CLI::App& command, const SearchFlags& flags);

models::DecodeOptions decode_options(const SearchFlags& flags, const train::RunConfig& config);

/// Adds --run, which may be repeated, and --checkpoint.
void add_runs(CLI::App& command, std::vector<std::string>& runs, std::string& checkpoint);

}  // namespace gradus::cli
