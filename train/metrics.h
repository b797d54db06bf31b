#pragma once

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <utility>
#include <variant>

#include "autograd/types.h"

namespace gradus::train {

/// One line of JSON from fields in order; numbers that are not finite become null.
std::string json_line(std::initializer_list<std::pair<const char*, std::variant<Index, double, std::string>>> fields);

/// Appends lines to a file and hands each to the system at once. Throws Error when that fails.
class MetricsLog {
 public:
  explicit MetricsLog(const std::filesystem::path& path);
  void append(const std::string& line);

 private:
  std::string path_;
  std::ofstream out_;
};

}  // namespace gradus::train
