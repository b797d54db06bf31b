#pragma once

#include <filesystem>

namespace gradus::train {

/// A flock(2) on a folder, for one trainer. It needs no file, and the system releases it when the process ends.
class DirectoryLock {
 public:
  /// Throws Error when this or another process holds the lock, and when the folder cannot be opened. On a file system
  /// without such locks (some network ones) `held` is false.
  explicit DirectoryLock(const std::filesystem::path& folder);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

  bool held() const { return held_; }

  /// Throws Error when the path no longer refers to this folder, because it was removed, moved or replaced.
  void check_place() const;

 private:
  std::filesystem::path path_;
  int folder_ = -1;
  bool held_ = false;
};

}  // namespace gradus::train
