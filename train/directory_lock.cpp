#include "train/directory_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "autograd/error.h"

namespace gradus::train {

DirectoryLock::DirectoryLock(const std::filesystem::path& folder) {
  folder_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_ < 0) throw Error(fmt::format("{}: cannot be opened: {}", folder.string(), std::strerror(errno)));
  held_ = ::flock(folder_, LOCK_EX | LOCK_NB) == 0;
  if (!held_ && errno == EWOULDBLOCK) {
    ::close(folder_);
    throw Error(
        fmt::format("{} is in use: another process is training in it; wait for its end, or choose another folder",
                    folder.string()));
  }
}

DirectoryLock::~DirectoryLock() { ::close(folder_); }

}  // namespace gradus::train
