#include <gradus/files/internal/regular_file.h>

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

#include <gradus/autograd/foundation/error.h>
#include <gradus/files/internal/file_calls.h>

namespace gradus::files {
namespace {

constexpr const char* link = "a link, where a run has a file of its own; put the file itself there";

void check(const std::filesystem::path& path, const struct stat& found, Names names) {
  if (S_ISLNK(found.st_mode)) throw Error(fmt::format("{}: {}", path.string(), link));
  if (!S_ISREG(found.st_mode)) throw Error(fmt::format("{}: not a regular file", path.string()));
  if (names == Names::any || found.st_nlink < 2) return;
  throw Error(fmt::format("{}: a file of {} names (hard links), where a run has a file of its own; put a copy there",
                          path.string(), found.st_nlink));
}

}  // namespace

RegularFile::RegularFile(const std::filesystem::path& path, int flags, Names names) {
  const int all = flags | O_CLOEXEC | O_NONBLOCK | (names == Names::one ? O_NOFOLLOW : 0);
  file_ = uninterrupted([&] { return file_calls().open(path.c_str(), all, 0666); });
  if (file_ < 0) {
    if (errno == ELOOP && names == Names::one) throw Error(fmt::format("{}: {}", path.string(), link));
    throw Error(fmt::format("{}: cannot be opened: {}", path.string(), std::strerror(errno)));
  }
  struct stat found = {};
  ::fstat(file_, &found);
  try {
    check(path, found, names);
  } catch (...) {
    ::close(file_);
    throw;
  }
  size_ = static_cast<std::uint64_t>(found.st_size);
}

RegularFile::~RegularFile() { ::close(file_); }

void check_regular(const std::filesystem::path& path) {
  struct stat found = {};
  if (::lstat(path.c_str(), &found) == 0) check(path, found, Names::one);
}

}  // namespace gradus::files
