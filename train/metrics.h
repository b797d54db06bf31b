#pragma once

#include <filesystem>
#include <initializer_list>
#include <string>
#include <utility>
#include <variant>

#include <gradus/autograd/foundation/types.h>

namespace gradus::train {

/// One line of JSON from fields in order; numbers that are not finite become null.
std::string json_line(std::initializer_list<std::pair<const char*, std::variant<Index, double, std::string>>> fields);

/// Appends lines to a file and hands each to the system at once. Throws Error when that fails.
class MetricsLog {
 public:
  /// Cuts what the file holds beyond `keep` bytes, and an unfinished last line.
  MetricsLog(const std::filesystem::path& path, Index keep);
  ~MetricsLog();
  MetricsLog(const MetricsLog&) = delete;
  MetricsLog& operator=(const MetricsLog&) = delete;

  void append(const std::string& line);
  /// Returns once all lines are on disk.
  void sync();
  /// Bytes in the file.
  Index size() const { return size_; }
  /// Bytes that were to be kept and are not there.
  Index missing() const { return missing_; }

 private:
  [[noreturn]] void fail(const char* what, int reason) const;
  Index end_of_lines(Index limit) const;

  std::string path_;
  int file_ = -1;
  Index size_ = 0, missing_ = 0;
};

}  // namespace gradus::train
