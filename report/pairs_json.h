#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include <gradus/data/references.h>
#include <gradus/train/dataset.h>
#include <gradus/train/run.h>

namespace gradus::report {

/// The pairs on which a page shows a run.
struct ReportPairs {
  std::string origin;  // "validation pairs of dev.tsv"
  std::vector<data::ReferenceSet> sets;
};

/// The pairs of the file `test` (with `test_target`, targets from there). Without one, those that the run is measured
/// on: the test split of its task, its file of validation pairs, or the pairs held out. Throws Error when they cannot
/// be read.
ReportPairs report_pairs(const train::Run& run, const std::filesystem::path& test,
                         const std::filesystem::path& test_target, const train::Notes& notes);

/// At most `most` of the sets, evenly spread over all.
std::vector<data::ReferenceSet> spread(const std::vector<data::ReferenceSet>& sets, std::size_t most);

/// The greedy outputs of a run for the pairs, as an object: `origin`, `sources`, `score`, `by_length`, `confusions`,
/// `worst` (the outputs with the most edits per token) and `samples` (sources of all lengths, with their attention).
/// Attention is left out of samples after `most_bytes`; then `samples_left_out` is their number.
std::string pairs_json(const train::Run& run, const ReportPairs& pairs, std::size_t most_bytes);

}  // namespace gradus::report
