#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <gradus/data/columns.h>
#include <gradus/data/internal/lines.h>

namespace gradus::data {

/// A field of a row, and the offset in the text of the row's line where it begins.
struct Field {
  std::string_view text;
  std::size_t at = 0;
};

/// A record of a table: its wanted fields, or the flaw that hides them.
struct Row {
  Line line;  // the text of a record of several lines has them all, with LF between them
  std::optional<Flaw> flaw;
  Field source, target, features;
};

/// Reads the rows of a table.
class Rows {
 public:
  virtual ~Rows() = default;

  /// Reads the next row. It stays valid until the next call. Returns false at the end of the file. Throws like
  /// LineReader.
  virtual bool next(Row& row) = 0;

  /// Describes the columns that are left out when none is chosen; empty if there are none.
  virtual std::string note() const { return {}; }
};

/// Opens a table. Throws like LineReader, and when the table has no column of a chosen name.
std::unique_ptr<Rows> open_rows(const std::filesystem::path& path, TableFormat format, const Columns& columns);

}  // namespace gradus::data
