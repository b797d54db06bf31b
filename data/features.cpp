#include <gradus/data/features.h>

#include <algorithm>
#include <string>

#include <gradus/data/internal/blanks.h>

namespace gradus::data {
namespace {

constexpr char mark = '\t';

}  // namespace

Tokens feature_tokens(std::string_view text) {
  Tokens tokens;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(';'), text.size());
    const std::string_view name = trimmed(text.substr(0, end));
    if (!name.empty()) tokens.push_back(mark + std::string(name));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return tokens;
}

std::string_view feature_name(std::string_view token) {
  return token.starts_with(mark) ? token.substr(1) : std::string_view();
}

}  // namespace gradus::data
