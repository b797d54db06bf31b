#pragma once

#include <sys/types.h>
#include <cstddef>
#include <functional>

namespace gradus::train {

/// The system calls that put a run's files on disk. Everything that train/ writes goes through them, so that a test can
/// make any call fail.
struct FileCalls {
  std::function<int(const char* path, int flags, mode_t mode)> open;
  std::function<ssize_t(int file, const void* bytes, std::size_t size)> write;
  std::function<int(int file, off_t size)> truncate;
  std::function<int(int file)> fsync;
  std::function<int(int file)> close;
  std::function<int(const char* from, const char* to)> rename;
};

/// The calls in force: the system's own.
FileCalls& file_calls();

/// Writes all of the bytes, in as many calls as the system takes; 0, or the reason (errno) why it could not.
int write_all(int file, const void* bytes, std::size_t size);

}  // namespace gradus::train
