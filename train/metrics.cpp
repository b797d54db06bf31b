#include <gradus/train/metrics.h>

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>

#include <gradus/autograd/foundation/error.h>
#include <gradus/files/internal/file_calls.h>

namespace gradus::train {

MetricsLog::MetricsLog(const std::filesystem::path& path, Index keep) : path_(path.string()) {
  file_ = files::file_calls().open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file_ < 0) fail("open", errno);
  try {
    const off_t there = ::lseek(file_, 0, SEEK_END);
    if (there < 0) fail("seek", errno);
    size_ = end_of_lines(std::min(static_cast<Index>(there), keep));
    missing_ = std::max<Index>(keep - size_, 0);
    if (size_ < there && files::file_calls().truncate(file_, size_) != 0) fail("truncate", errno);
  } catch (...) {
    ::close(file_);
    throw;
  }
}

MetricsLog::~MetricsLog() { ::close(file_); }

void MetricsLog::append(const std::string& line) {
  const std::string text = line + '\n';
  if (const int reason = files::write_all(file_, text.data(), text.size()); reason != 0) fail("write", reason);
  size_ += std::ssize(text);
}

void MetricsLog::sync() {
  if (files::file_calls().fsync(file_) != 0) fail("fsync", errno);
}

void MetricsLog::fail(const char* what, int reason) const {
  throw Error(fmt::format("cannot write {}: {} failed: {}", path_, what, std::strerror(reason)));
}

// The end of the last complete line in the first `limit` bytes.
Index MetricsLog::end_of_lines(Index limit) const {
  for (; limit > 0; --limit) {
    char last = 0;
    if (::pread(file_, &last, 1, limit - 1) != 1) fail("read", errno);
    if (last == '\n') break;
  }
  return limit;
}

}  // namespace gradus::train
