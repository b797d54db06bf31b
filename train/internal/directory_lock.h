#pragma once

#include <filesystem>

namespace gradus::train {

/// Keeps a folder for one trainer, as flock(2) on the folder itself: no file is made, and the system lets go of it when
/// the process ends in whatever way.
class DirectoryLock {
 public:
  /// Throws Error when another holds it, in this process or another, and when the folder cannot be opened. Where the
  /// file system has no such locks (some network ones), there is none: `held` is false.
  explicit DirectoryLock(const std::filesystem::path& folder);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

  bool held() const { return held_; }

  /// Throws Error when the path does not lead to this folder any more: it was removed, moved or replaced.
  void check_place() const;

 private:
  std::filesystem::path path_;
  int folder_ = -1;
  bool held_ = false;
};

}  // namespace gradus::train
