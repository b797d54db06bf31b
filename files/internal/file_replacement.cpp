#include <gradus/files/internal/file_replacement.h>

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <utility>

#include <gradus/autograd/foundation/error.h>
#include <gradus/files/internal/file_calls.h>

namespace gradus::files {

FileReplacement::FileReplacement(std::filesystem::path path) : path_(std::move(path)), temporary_(path_) {
  temporary_ += temporary_suffix;
  ::unlink(temporary_.c_str());  // from a killed process, or a link to another file
  file_ = uninterrupted(
      [&] { return file_calls().open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); });
  if (file_ < 0) fail("create", errno);
  written_ = true;
}

FileReplacement::~FileReplacement() {
  if (file_ >= 0) ::close(file_);
  if (written_) ::unlink(temporary_.c_str());
}

void FileReplacement::fail(const char* what, int reason) const {
  throw Error(fmt::format("cannot write {}: {} failed: {}", path_.string(), what, std::strerror(reason)));
}

void FileReplacement::write(const void* bytes, std::size_t size) {
  if (const int reason = write_all(file_, bytes, size); reason != 0) fail("write", reason);
}

void FileReplacement::commit() {
  FileCalls& calls = file_calls();
  if (uninterrupted([&] { return calls.fsync(file_); }) != 0) fail("fsync", errno);
  if (const int reason = close_written(std::exchange(file_, -1)); reason != 0) fail("close", reason);
  if (uninterrupted([&] { return calls.rename(temporary_.c_str(), path_.c_str()); }) != 0) fail("rename", errno);
  written_ = false;

  const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : std::filesystem::path(".");
  const int directory =
      uninterrupted([&] { return calls.open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0); });
  if (directory < 0) fail("open of its folder", errno);
  const int synced = uninterrupted([&] { return calls.fsync(directory); });
  const int reason = errno;
  ::close(directory);
  if (synced != 0) fail("fsync of its folder", reason);
}

void replace_file(const std::filesystem::path& path, std::string_view contents) {
  FileReplacement file(path);
  file.write(contents.data(), contents.size());
  file.commit();
}

}  // namespace gradus::files
