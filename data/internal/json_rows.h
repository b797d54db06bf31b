#pragma once

#include <string>

#include <gradus/data/internal/lines.h>
#include <gradus/data/internal/rows.h>

namespace gradus::data {

/// The rows of a file with one JSON object per line. The wanted fields are strings; other keys may have any values.
class JsonRows : public Rows {
 public:
  JsonRows(const std::filesystem::path& path, const Columns& columns);

  bool next(Row& row) override;

 private:
  std::optional<Flaw> read(std::string_view text);

  LineReader lines_;
  Columns keys_;
  std::string source_, target_, features_;
};

}  // namespace gradus::data
