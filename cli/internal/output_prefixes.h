#pragma once

#include <string>

#include <gradus/models/decode.h>
#include <gradus/train/run.h>

namespace gradus::cli {

/// The beginnings of outputs: one for all lines, or a file with one per line.
class OutputPrefixes {
 public:
  /// At most one of the two is not empty. Throws Error with the place of a token that the vocabulary does not have, of
  /// a beginning that is longer than an output may be, and of a line that is not valid text.
  OutputPrefixes(const train::Run& run, const std::string& text, const std::string& file);

  /// Throws Error when the file has another number of lines than the sources.
  void check_lines(Index lines, const std::string& sources) const;

  /// The ids of the beginning for a line; lines count from 1.
  const std::vector<Index>& of(Index line) const;

 private:
  std::string file_;
  models::Sentences prefixes_;  // by line, or one for all
};

}  // namespace gradus::cli
