#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <gradus/autograd/foundation/types.h>

namespace gradus::files {
class RegularFile;
}

namespace gradus::train {

/// A file of lines. Each line is written at once. Throws Error when a call of the system fails.
class MetricsLog {
 public:
  /// Cuts the file after `keep` bytes, and an unfinished last line. Throws Error also when the file is a link, or has
  /// another name.
  MetricsLog(const std::filesystem::path& path, Index keep);
  /// Closes the file. A log cannot be copied.
  ~MetricsLog();
  MetricsLog(const MetricsLog&) = delete;
  MetricsLog& operator=(const MetricsLog&) = delete;

  /// Writes `line`, which has no line break, and a line break.
  void append(const std::string& line);
  /// Returns once all lines are on disk.
  void sync();
  /// Bytes in the file.
  Index size() const { return size_; }
  /// The number of the `keep` bytes that the file lacked.
  Index missing() const { return missing_; }

 private:
  [[noreturn]] void fail(const char* what, int reason) const;
  Index end_of_lines(Index limit) const;

  std::string path_;
  std::unique_ptr<const files::RegularFile> file_;
  Index size_ = 0, missing_ = 0;
};

}  // namespace gradus::train
