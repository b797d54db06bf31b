#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace gradus::data {

/// The format of a table: columns between tabs, columns between commas (RFC 4180), or one JSON object per line.
enum class TableFormat { tsv, csv, jsonl };

/// The format that the ending of a file's name shows: .csv is csv, .jsonl and .ndjson are jsonl, all others are tsv.
/// A last .gz does not count.
TableFormat format_of(const std::filesystem::path& path);

/// The columns of a table that hold the parts of a pair. A column is its number, from 1, or its name in the first line
/// of the table; in JSON Lines it is a key. Empty: the first and the second column, or the keys "source" and "target",
/// and no features.
struct Columns {
  std::string source = {},  ///< column of the sources
      target = {},          ///< column of the targets
      features = {};        ///< column of the features of the sources; empty: no features

  bool operator==(const Columns&) const = default;  // the same three texts
};

/// Reads "source=lemma,target=3,features=tags": parts in any order, each at most once, with white space around them or
/// without. An empty text has none. Nothing when the text is another one.
std::optional<Columns> parse_columns(std::string_view text);

}  // namespace gradus::data
