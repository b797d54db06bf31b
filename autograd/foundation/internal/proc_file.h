#pragma once

#include <cctype>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

namespace gradus {

/// The number after words at the beginning of a line: "MemAvailable:" in /proc/meminfo.
inline std::optional<std::size_t> number_after(const std::filesystem::path& file, const std::string& words) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    std::size_t number = 0;
    if (!line.starts_with(words)) continue;
    std::istringstream rest(line.substr(words.size()));
    if (std::isspace(rest.peek()) && rest >> number) return number;
  }
  return std::nullopt;
}

}  // namespace gradus
