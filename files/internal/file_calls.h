#pragma once

#include <sys/types.h>
#include <cerrno>
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

/// The result of a call of the system, which is repeated while a signal interrupts it.
template <class Call>
auto uninterrupted(const Call& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

/// Closes a file that was written. Returns 0 or the errno of the failure. An interrupted close has closed the file
/// (Linux), and is not repeated.
int close_written(int file);

/// Writes all bytes, in as many calls as needed. Returns 0 or the errno of the failure.
int write_all(int file, const void* bytes, std::size_t size);

}  // namespace gradus::files
