#pragma once

#include <fcntl.h>
#include <istream>

#include <gradus/files/internal/file_buffer.h>
#include <gradus/files/internal/regular_file.h>

namespace gradus::files {

/// An input stream of a regular file. Opens it as RegularFile does.
class RegularInput : public std::istream {
 public:
  RegularInput(const std::filesystem::path& path, Names names)
      : std::istream(nullptr), file_(path, O_RDONLY, names), buffer_(file_.descriptor()) {
    rdbuf(&buffer_);
  }
  std::uint64_t size() const { return file_.size(); }

 private:
  RegularFile file_;
  FileBuffer buffer_;
};

}  // namespace gradus::files
