#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

namespace gradus::train {

/// What a file's temporary sibling has after its name.
inline constexpr std::string_view temporary_suffix = ".tmp";

/// A file written so that readers see the old contents or the new, never a part: into a temporary sibling, fsynced,
/// renamed over the old file, the folder fsynced. Every failing call throws Error with the system's reason and leaves
/// the old file as it was.
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

/// Replaces a file's contents in one go; throws Error.
void replace_file(const std::filesystem::path& path, std::string_view contents);

}  // namespace gradus::train
