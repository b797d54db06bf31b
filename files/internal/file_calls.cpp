#include <gradus/files/internal/file_calls.h>

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace gradus::files {

namespace {

FileCalls calls{[](const char* path, int flags, mode_t mode) { return ::open(path, flags, mode); },
                ::write,
                ::ftruncate,
                ::fsync,
                ::close,
                ::rename};

}  // namespace

FileCalls& file_calls() { return calls; }

int close_written(int file) { return file_calls().close(file) == 0 || errno == EINTR ? 0 : errno; }

int write_all(int file, const void* bytes, std::size_t size) {
  constexpr std::size_t most_at_once = std::size_t{1} << 30;
  const char* at = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t n = uninterrupted([&] { return file_calls().write(file, at, std::min(size, most_at_once)); });
    if (n < 0) return errno;
    if (n == 0) return EIO;
    at += n;
    size -= static_cast<std::size_t>(n);
  }
  return 0;
}

}  // namespace gradus::files
