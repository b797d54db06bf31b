#pragma once

#include <string>
#include <vector>

#include <gradus/data/internal/lines.h>
#include <gradus/data/read_report.h>
#include <gradus/train/run.h>

namespace gradus::cli {

inline constexpr const char* standard_input = "standard input";

struct Source {
  std::string text;       // the whole line; empty if it is longer than a line may be
  Index number = 0;       // of the line, from 1
  bool too_long = false;  // its output is empty
};

/// Reads lines as sources of a run. The first lines that are too long for the run are reported one by one, the others
/// by number.
class SourceReader {
 public:
  SourceReader(const train::Run& run, std::string file);

  /// Throws Error with the place when the line is not valid text.
  Source read(const data::Line& line);
  std::vector<Source> read_all(data::LineReader lines);

  /// Reports the tokens that the vocabulary does not have, and the lines that were left out and not reported before.
  /// Returns the exit code.
  int finish() const;

 private:
  Source leave_out(const data::Line& line, const std::string& reason);

  const train::Run& run_;
  std::string file_;
  data::TokenLimit limit_;
  bool features_;
  data::TokenCounts counts_;
  Index left_out_ = 0;
};

}  // namespace gradus::cli
