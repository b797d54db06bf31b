#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

namespace gradus::files {

/// The suffix of a file's temporary sibling.
inline constexpr std::string_view temporary_suffix = ".tmp";

/// Replaces a file atomically: writes a temporary sibling, fsyncs it, renames it over the old file and fsyncs the
/// folder. A failing call throws Error with the system's reason, and the old file stays.
class FileReplacement {
 public:
  explicit FileReplacement(std::filesystem::path path);
  /// Removes the temporary file unless it was committed.
  ~FileReplacement();
  FileReplacement(const FileReplacement&) = delete;
  FileReplacement& operator=(const FileReplacement&) = delete;

  void write(const void* bytes, std::size_t size);
  void commit();

 private:
  [[noreturn]] void fail(const char* what, int reason) const;

  std::filesystem::path path_, temporary_;
  int file_ = -1;
  bool written_ = false;
};

/// Replaces a file's contents atomically; throws Error.
void replace_file(const std::filesystem::path& path, std::string_view contents);

}  // namespace gradus::files
