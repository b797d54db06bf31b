#pragma once

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <gradus/autograd/foundation/error.h>
#include <gradus/autograd/foundation/types.h>

namespace gradus::data {

/// A line that could not be read as a pair.
struct Defect {
  std::string path;    // of the file
  Index line = 0;      // from 1
  Index column = 0;    // from 1, in characters
  std::string reason;  // "no tab between source and target"

  /// "FILE:17:3: no tab between source and target".
  std::string described() const;
};

/// The most tokens of a side of a pair, without end marks, and the setting that says so. Longer pairs are left out.
struct TokenLimit {
  /// Tokens; no limit by default.
  Index most = std::numeric_limits<Index>::max();
  std::string setting = {};  // for messages: "model.max_length = 256"

  /// "300 tokens, more than 255 (model.max_length = 256)".
  std::string excess(Index tokens) const;
};

/// The result of reading a file.
struct ReadReport {
  static constexpr Index most_kept = 10;  // descriptions in `defects`, and in `long_pairs`

  std::string path;                     // "a and b" for two files
  Index pairs = 0;                      // that were read
  Index skipped = 0;                    // lines with a defect
  Index repeated = 0;                   // duplicate pronunciations of a word (dictionaries only)
  std::vector<Defect> defects;          // the first `most_kept` of them
  Index left_out = 0;                   // pairs with a side of more tokens than the limit
  std::vector<Defect> long_pairs;       // the first `most_kept` of them
  std::vector<std::string> notes = {};  // what else was done, one line each: columns that are left out

  /// Counts a line with a defect, or a pair that is too long, and keeps its description if it is one of the first.
  void skip(Defect line);
  void leave_out(Defect long_pair);

  /// One line: "read 110611 pairs from FILE (3 lines skipped: first at FILE:17:3: no tab between source and target)".
  std::string summary() const;

  /// The summary, the notes, one line per further defect and long pair that was kept, and the numbers of all others.
  std::vector<std::string> messages() const;
};

/// No line of a file is a good pair.
class NoPairs : public Error {
 public:
  /// An error with the report of the file.
  NoPairs(const std::string& message, ReadReport of_file) : Error(message), report(std::move(of_file)) {}
  /// All pairs of the file are too long.
  static NoPairs all_left_out(ReadReport of_file);

  ReadReport report;  // of the file
};

}  // namespace gradus::data
