#include <gradus/train/internal/directory_lock.h>

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

#include <gradus/autograd/foundation/error.h>

namespace gradus::train {

DirectoryLock::DirectoryLock(const std::filesystem::path& folder) : path_(folder) {
  folder_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_ < 0) throw Error(fmt::format("{}: cannot be opened: {}", folder.string(), std::strerror(errno)));
  held_ = ::flock(folder_, LOCK_EX | LOCK_NB) == 0;
  if (!held_ && errno == EWOULDBLOCK) {
    ::close(folder_);
    throw Error(
        fmt::format("{} is in use: another process is training in it; wait until it ends, or choose another folder",
                    folder.string()));
  }
}

DirectoryLock::~DirectoryLock() { ::close(folder_); }

void DirectoryLock::check_place() const {
  struct stat own = {};
  struct stat there = {};
  if (::fstat(folder_, &own) == 0 && ::stat(path_.c_str(), &there) == 0 && own.st_dev == there.st_dev &&
      own.st_ino == there.st_ino)
    return;
  throw Error(
      fmt::format("{}: the folder was moved, removed or replaced during training; nothing more is "
                  "written to it",
                  path_.string()));
}

}  // namespace gradus::train
