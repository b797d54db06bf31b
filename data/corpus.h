#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include <gradus/data/columns.h>
#include <gradus/data/read_report.h>
#include <gradus/data/tokenize.h>
#include <gradus/data/unicode.h>
#include <gradus/data/vocabulary.h>

namespace gradus::data {

/// A source and a target that is correct for it.
struct Pair {
  Tokens source;  // those of the features, if any, come last
  Tokens target;  // the expected output

  bool operator==(const Pair&) const = default;  // the same tokens on both sides
};

/// The pairs of a file.
struct Corpus {
  std::vector<Pair> pairs;   // in the order of their lines
  std::vector<Index> lines;  // the line of each pair in its file
  ReadReport report;         // what was read, skipped and left out
};

/// Whether a line with a defect is skipped and counted, or ends the reading with an Error.
enum class OnBadLine { skip, stop };

/// How `read_pairs` and `read_parallel` read a line.
struct PairOptions {
  Tokenizer source_tokens = Tokenizer::characters;  // how a source is split
  Tokenizer target_tokens = Tokenizer::whitespace;  // how a target is split
  OnBadLine on_bad_line = OnBadLine::skip;          // at a line with a defect
  UnicodeForm unicode = UnicodeForm::nfc;           // of both sides
  bool lowercase = false;                           // both sides
  TokenLimit limit = {};                            // of each side; longer pairs are left out
  std::optional<TableFormat> format = {};           // none: format_of the path (read_pairs only)
  Columns columns = {};                             // read_pairs only
};

/// Reads the pairs of a table in UTF-8, plain or gzip: lines `source<TAB>target`, or as options.format and
/// options.columns say. A byte-order mark and CRLF are accepted. The features of a pair follow the tokens of its source
/// (feature_tokens).
/// Defects of a line: a missing column, a third column (unless options.columns chooses columns or most lines have one;
/// then it is left out), a blank side, a tab or a line break inside a side, quotes or JSON that are not well-formed,
/// bytes that are not UTF-8, a NUL, a carriage return that does not end the line, more than 1 MiB.
/// A pair with a side above options.limit is left out, counted and no defect.
/// Throws Error when the file cannot be read, is not text or is empty, and NoPairs when it has no valid line. With
/// OnBadLine::stop the first defect also throws, as "file:line:column: reason".
Corpus read_pairs(const std::filesystem::path& path, const PairOptions& options = {});

/// Reads two files in the usual format of translation data: line i of `sources` and line i of `targets` are a pair.
/// Defects of a line: it is blank, it has a tab, or it is not valid text, as in `read_pairs`.
/// Throws like read_pairs, and always when one file has more lines than the other.
Corpus read_parallel(const std::filesystem::path& sources, const std::filesystem::path& targets,
                     const PairOptions& options = {});

/// The token counts of one side of all pairs, for Vocabulary::build.
TokenCounts count_source_tokens(const std::vector<Pair>& pairs);
TokenCounts count_target_tokens(const std::vector<Pair>& pairs);

}  // namespace gradus::data
