#include <gradus/train/metrics.h>

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>

#include <gradus/autograd/foundation/error.h>
#include <gradus/files/internal/file_calls.h>
#include <gradus/files/internal/regular_file.h>

namespace gradus::train {

MetricsLog::MetricsLog(const std::filesystem::path& path, Index keep)
    : path_(path.string()),
      file_(std::make_unique<const files::RegularFile>(path, O_RDWR | O_CREAT | O_APPEND, files::Names::one)) {
  const auto there = static_cast<Index>(file_->size());
  size_ = end_of_lines(std::min(there, keep));
  missing_ = std::max<Index>(keep - size_, 0);
  if (size_ == there) return;
  if (files::uninterrupted([&] { return files::file_calls().truncate(file_->descriptor(), size_); }) != 0)
    fail("truncate", errno);
}

MetricsLog::~MetricsLog() = default;

void MetricsLog::append(const std::string& line) {
  const std::string text = line + '\n';
  if (const int reason = files::write_all(file_->descriptor(), text.data(), text.size()); reason != 0)
    fail("write", reason);
  size_ += std::ssize(text);
}

void MetricsLog::sync() {
  if (files::uninterrupted([&] { return files::file_calls().fsync(file_->descriptor()); }) != 0) fail("fsync", errno);
}

void MetricsLog::fail(const char* what, int reason) const {
  throw Error(fmt::format("cannot write {}: {} failed: {}", path_, what, std::strerror(reason)));
}

// The end of the last complete line in the first `limit` bytes.
Index MetricsLog::end_of_lines(Index limit) const {
  for (; limit > 0; --limit) {
    char last = 0;
    if (::pread(file_->descriptor(), &last, 1, limit - 1) != 1) fail("read", errno);
    if (last == '\n') break;
  }
  return limit;
}

}  // namespace gradus::train
