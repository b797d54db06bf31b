#pragma once

#include <cstdint>
#include <filesystem>

namespace gradus::files {

enum class Names {
  any,  // a file that the user named: links are followed
  one,  // a file of a run, which may come from elsewhere: no link, and no second name of another file
};

/// An open regular file. A link in the place of a run's file could make it read or write any other file.
class RegularFile {
 public:
  /// Opens it with the flags of open(2), and never waits. Throws Error with path and defect when it cannot be opened,
  /// is not a regular file (but a folder or a pipe), or has more names than allowed.
  RegularFile(const std::filesystem::path& path, int flags, Names names);
  ~RegularFile();
  RegularFile(const RegularFile&) = delete;
  RegularFile& operator=(const RegularFile&) = delete;

  int descriptor() const { return file_; }
  /// Bytes, when it was opened.
  std::uint64_t size() const { return size_; }

 private:
  int file_ = -1;
  std::uint64_t size_ = 0;
};

/// Throws the Error that opening with Names::one would throw for what is at the path, without opening it. Does nothing
/// where there is nothing.
void check_regular(const std::filesystem::path& path);

}  // namespace gradus::files
