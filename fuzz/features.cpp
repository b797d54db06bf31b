#include <gradus/data/columns.h>
#include <gradus/data/features.h>

#include "fuzz.h"

using namespace gradus;
using namespace gradus::data;

// The input is a choice of columns and a cell of features.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  if (const std::optional<Columns> columns = parse_columns(text)) {
    std::string again;
    for (const auto& [role, column] :
         {std::pair("source", columns->source), {"target", columns->target}, {"features", columns->features}})
      if (!column.empty()) again += std::string(role) + '=' + column + ',';
    fuzz::expect(parse_columns(again) == columns, "columns that are written and read are the same");
  }
  std::string again;
  const Tokens tokens = feature_tokens(text);
  for (const std::string& token : tokens) {
    const std::string_view name = feature_name(token);
    fuzz::expect(!name.empty() && name.find(';') == std::string_view::npos, "a feature has a name");
    again += std::string(name) + " ; ";
  }
  fuzz::expect(feature_tokens(again) == tokens, "features that are written and read are the same");
  return 0;
}
