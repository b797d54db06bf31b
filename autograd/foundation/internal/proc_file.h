#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

namespace gradus {

/// The number after a word at the beginning of a line: "MemAvailable:" in /proc/meminfo.
inline std::optional<std::size_t> number_after(const std::filesystem::path& file, const std::string& word) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string first;
    std::size_t number = 0;
    if (words >> first >> number && first == word) return number;
  }
  return std::nullopt;
}

}  // namespace gradus
