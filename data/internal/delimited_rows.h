#pragma once

#include <cstddef>
#include <vector>

#include <gradus/data/internal/line_queue.h>
#include <gradus/data/internal/rows.h>

namespace gradus::data {

/// The rows of a table whose columns are between tabs, or between commas with quotes as in RFC 4180.
///
/// - If a column is chosen by name, the first line holds the names.
/// - If no column is chosen, a third one is a flaw, unless most of the first hundred lines with two columns have it.
///   Then all columns after the second are left out.
/// - A quote that is never closed, and text after a closing quote, is a flaw of the row's first line alone.
class DelimitedRows : public Rows {
 public:
  DelimitedRows(const std::filesystem::path& path, TableFormat format, const Columns& columns);

  bool next(Row& row) override;
  std::string note() const override;

 private:
  bool mostly_wide();
  void choose(const Columns& columns);
  std::optional<Flaw> read(Line& line);
  void cut_tabs(std::string_view text);
  std::optional<Flaw> cut_commas(Line& line);
  std::optional<Flaw> cut_quoted(std::size_t begin, std::size_t& at, std::size_t& lines);
  std::optional<Flaw> count_columns(std::string_view text) const;

  std::string path_;
  LineQueue lines_;
  TableFormat format_;
  bool chosen_;        // whether any column is
  bool wide_ = false;  // whether more than two columns are expected where none is chosen
  std::size_t source_ = 0, target_ = 1, features_ = 0, needed_ = 2;
  bool has_features_;
  std::string record_;              // the lines of the current row
  std::vector<std::string> cells_;  // its unquoted fields
  std::vector<Field> fields_;
};

}  // namespace gradus::data
