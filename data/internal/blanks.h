#pragma once

#include <string_view>

namespace gradus::data {

inline constexpr std::string_view blanks = " \t\n\v\f\r";  // ASCII white space

/// Whether the text has nothing but white space.
inline bool is_blank(std::string_view text) { return text.find_first_not_of(blanks) == std::string_view::npos; }

/// The text without white space at its ends.
inline std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

}  // namespace gradus::data
