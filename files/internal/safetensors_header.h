#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace gradus::files {

/// The header's entry that is not a tensor.
inline constexpr std::string_view metadata_key = "__metadata__";

struct HeaderEntry {
  std::string name;
  std::string dtype;
  std::vector<std::uint64_t> shape, offsets;
};

struct SafetensorsHeader {
  std::vector<HeaderEntry> entries;
  std::map<std::string, std::string> metadata;
};

/// Reads the header of a safetensors file from its text, which begins with '{'. Returns its defect, or
/// nothing. Names are unique, and every tensor has dtype, shape and data_offsets; their values are not checked.
std::string read_header_text(const std::string& text, SafetensorsHeader& header);

/// The name in quotes, for messages.
std::string in_quotes(const std::string& name);

}  // namespace gradus::files
