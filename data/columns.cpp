#include <gradus/data/columns.h>

#include <algorithm>
#include <cctype>

#include <gradus/data/internal/blanks.h>

namespace gradus::data {
namespace {

std::string ending_of(const std::filesystem::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return ending;
}

}  // namespace

TableFormat format_of(const std::filesystem::path& path) {
  std::string ending = ending_of(path);
  if (ending == ".gz") ending = ending_of(path.stem());
  if (ending == ".csv") return TableFormat::csv;
  return ending == ".jsonl" || ending == ".ndjson" ? TableFormat::jsonl : TableFormat::tsv;
}

std::optional<Columns> parse_columns(std::string_view text) {
  Columns columns;
  while (!trimmed(text).empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view part = text.substr(0, comma);
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view role = trimmed(part.substr(0, equals)), column = trimmed(part.substr(equals + 1));
    std::string* place = role == "source"     ? &columns.source
                         : role == "target"   ? &columns.target
                         : role == "features" ? &columns.features
                                              : nullptr;
    if (place == nullptr || !place->empty() || column.empty()) return std::nullopt;
    *place = column;
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return columns;
}

}  // namespace gradus::data
