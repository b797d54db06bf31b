#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <gradus/data/corpus.h>
#include <gradus/data/internal/lines.h>

namespace gradus::data {

/// The beginning of a part of a line.
struct Spot {
  const Line& line;
  std::size_t offset = 0;
};

/// Collects the pairs of a file, the defects of its other lines, and the pairs that are left out.
class Gatherer {
 public:
  Gatherer(std::string path, OnBadLine on_bad_line, TokenLimit limit);

  /// Keeps the pair, or leaves it out when a side has too many tokens. Returns whether it was kept. Throws Error when
  /// the pairs so far leave too little memory for the rest of the work.
  bool keep(Pair pair, const Spot& source, const Spot& target);

  /// Adds a remark about the whole file to the report, if it is not empty.
  void note(std::string text) {
    if (!text.empty()) corpus_.report.notes.push_back(std::move(text));
  }

  /// Counts a repeated pronunciation.
  void repeat() { ++corpus_.report.repeated; }

  /// Counts and describes a line with a defect. Throws Error with OnBadLine::stop.
  void refuse(const Line& line, std::size_t offset, std::string reason);

  /// Refuses the line and returns false if it is not valid text.
  bool sound(const Line& line);

  /// Throws NoPairs when no line is a good pair, and Error when there is no line. `wanted` describes the lines of a
  /// good file.
  Corpus finish(std::string_view wanted) &&;

 private:
  bool fits(const Tokens& side, std::string_view name, const Spot& spot);

  void check_memory(const Pair& pair, const Line& line);

  Corpus corpus_;
  OnBadLine on_bad_line_;
  TokenLimit limit_;
  std::size_t bytes_ = 0, checked_bytes_ = 0;  // of the kept pairs: now, and when the free memory was last read
};

}  // namespace gradus::data
