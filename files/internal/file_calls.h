#pragma once

#include <sys/types.h>
#include <cstddef>
#include <functional>

namespace gradus::files {

/// The system calls that write the files of a run. Tests replace them to make a call fail.
struct FileCalls {
  std::function<int(const char* path, int flags, mode_t mode)> open;
  std::function<ssize_t(int file, const void* bytes, std::size_t size)> write;
  std::function<int(int file, off_t size)> truncate;
  std::function<int(int file)> fsync;
  std::function<int(int file)> close;
  std::function<int(const char* from, const char* to)> rename;
};

/// The calls in use: those of the system, unless a test replaces them.
FileCalls& file_calls();

/// Writes all bytes, in as many calls as needed. Returns 0 or the errno of the failure.
int write_all(int file, const void* bytes, std::size_t size);

}  // namespace gradus::files
