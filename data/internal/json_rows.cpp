#include <gradus/data/internal/json_rows.h>

#include <vector>

#include <gradus/data/internal/json_object.h>

namespace gradus::data {

JsonRows::JsonRows(const std::filesystem::path& path, const Columns& columns) : lines_(path), keys_(columns) {
  if (keys_.source.empty()) keys_.source = "source";
  if (keys_.target.empty()) keys_.target = "target";
}

bool JsonRows::next(Row& row) {
  row = Row();
  if (!lines_.next(row.line)) return false;
  row.flaw = flaw_of(row.line);
  if (!row.flaw) row.flaw = read(row.line.text);
  row.source.text = source_;
  row.target.text = target_;
  row.features.text = features_;
  return true;
}

/// Reads the fields from the text of a line.
std::optional<Flaw> JsonRows::read(std::string_view text) {
  if (text.empty()) return Flaw{0, "an empty line"};
  std::vector<WantedKey> wanted = {{keys_.source, &source_}, {keys_.target, &target_}};
  if (!keys_.features.empty()) wanted.push_back({keys_.features, &features_});
  return read_object(text, wanted);
}

}  // namespace gradus::data
