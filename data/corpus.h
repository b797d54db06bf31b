#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <gradus/autograd/foundation/types.h>
#include <gradus/data/tokenize.h>
#include <gradus/data/vocabulary.h>

namespace gradus::data {

struct Pair {
  Tokens source;
  Tokens target;

  bool operator==(const Pair&) const = default;
};

/// A line that could not be read as a pair.
struct Defect {
  std::string path;
  Index line = 0;    // from 1
  Index column = 0;  // from 1, in characters
  std::string reason;
};

/// What reading a file came to.
struct ReadReport {
  static constexpr Index most_kept = 10;

  std::string path;  // of two files: "a and b"
  Index pairs = 0;
  Index skipped = 0;            // lines with a defect
  Index repeated = 0;           // pronunciations that their word had already (dictionaries only)
  std::vector<Defect> defects;  // the first `most_kept` of them

  /// One line: "read 110611 pairs from FILE (3 lines skipped: first at FILE:17:3: no tab between source and target)".
  std::string summary() const;

  /// The summary, then a line for each further defect that was kept, and how many there are beyond them.
  std::vector<std::string> messages() const;
};

struct Corpus {
  std::vector<Pair> pairs;
  ReadReport report;
};

/// What a line with a defect does: it is left out and counted, or it ends the reading with an Error.
enum class OnBadLine { skip, stop };

struct PairOptions {
  Tokenizer source_tokens = Tokenizer::characters;
  Tokenizer target_tokens = Tokenizer::whitespace;
  OnBadLine on_bad_line = OnBadLine::skip;
  bool lowercase = false;  // both sides
};

/// Reads lines `source<TAB>target` (UTF-8, plain or gzip; byte-order mark and CRLF accepted). Defects of a line: no
/// tab, a second tab, a blank side, bytes that are not UTF-8, a NUL, a carriage return that
/// does not end the line, more than 1 MiB.
/// Throws Error when the file cannot be read or is not text, is empty or has no good line; with OnBadLine::stop also
/// at the first defect, as "file:line:column: reason".
Corpus read_pairs(const std::filesystem::path& path, const PairOptions& options = {});

/// Reads two files side by side, as tools for translation keep them: line i of `sources` and line i of `targets` are a
/// pair. A pair has a defect when one of its lines has: a blank one, a tab, or what `read_pairs` says of text.
/// Throws like read_pairs, and when one file has more lines than the other, whatever `on_bad_line` says: from the line
/// on that one of them lacks, nothing can be trusted.
Corpus read_parallel(const std::filesystem::path& sources, const std::filesystem::path& targets,
                     const PairOptions& options = {});

struct DictionaryOptions {
  bool stress = false;    // keep the stress digit of vowels ("AH0")
  bool lowercase = true;  // the words; phones stay as they are
  OnBadLine on_bad_line = OnBadLine::skip;
};

/// Reads a pronouncing dictionary in the format of the CMU dictionary, old (0.7) and new: `WORD  PHONE PHONE ...`,
/// `;;;` comment lines, ` # comment` at the end of a line, variants `WORD(2)` as further pronunciations of WORD.
/// Source: the characters of the word; target: its phones. A pronunciation that the word has already (as variants may
/// once stress is dropped) is counted as repeated and left out. Blank lines are no defect. Throws like read_pairs.
Corpus read_dictionary(const std::filesystem::path& path, const DictionaryOptions& options = {});

/// Counts for Vocabulary::build, of one side of all pairs.
TokenCounts count_source_tokens(const std::vector<Pair>& pairs);
TokenCounts count_target_tokens(const std::vector<Pair>& pairs);

}  // namespace gradus::data
