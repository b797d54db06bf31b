#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <gradus/data/measure.h>

namespace gradus::data {

/// Outputs to score. `sources` has one text per output, or none when the files have no sources.
struct Hypotheses {
  std::vector<std::string> sources;  // in the order of the outputs
  Texts texts;                       // the outputs and their references
};

/// A line of a file of hypotheses: a JSON object with the keys source, output, references (a list) and exact.
std::string hypothesis_line(const std::string& source, const std::string& output,
                            const std::vector<std::string>& references, bool exact);

// The readers take text in UTF-8, plain or gzip. They throw Error when a file cannot be read or has no line, and, with
// its place, at the first line that does not fit.

/// Reads a file of hypotheses. Other keys than source, output and references are ignored.
Hypotheses read_hypotheses(const std::filesystem::path& path);

/// Reads an output per line, and its references from the same line of each file. An empty line is an empty text.
Hypotheses read_outputs(const std::filesystem::path& outputs, const std::vector<std::filesystem::path>& references);

/// Reads lines source<TAB>output, as `gradus decode` prints them, and lines source<TAB>target of pairs. A source may
/// have several targets, and must have one output. The source ends at the last tab of a line. Outputs are in the order
/// in which their sources first appear among the pairs.
Hypotheses read_decoded(const std::filesystem::path& outputs, const std::filesystem::path& pairs);

}  // namespace gradus::data
