#include <gradus/data/internal/rows.h>

#include <gradus/data/internal/delimited_rows.h>
#include <gradus/data/internal/json_rows.h>

namespace gradus::data {

std::unique_ptr<Rows> open_rows(const std::filesystem::path& path, TableFormat format, const Columns& columns) {
  if (format == TableFormat::jsonl) return std::make_unique<JsonRows>(path, columns);
  return std::make_unique<DelimitedRows>(path, format, columns);
}

}  // namespace gradus::data
