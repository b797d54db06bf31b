#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <filesystem>
#include <string>
#include <string_view>

#include "fuzz.h"

namespace gradus::fuzz {

/// A file in memory that has a path.
class MemoryFile {
 public:
  MemoryFile() : file_(::memfd_create("input", MFD_CLOEXEC)), path_("/proc/self/fd/" + std::to_string(file_)) {
    expect(file_ >= 0, "there is memory for a file");
  }
  ~MemoryFile() { ::close(file_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  const std::filesystem::path& holding(std::string_view bytes) {
    const bool written = ::ftruncate(file_, 0) == 0 &&
                         ::pwrite(file_, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
    expect(written, "the memory file takes the input");
    return path_;
  }

 private:
  int file_;
  std::filesystem::path path_;
};

}  // namespace gradus::fuzz
