#pragma once

#include <streambuf>
#include <vector>

namespace gradus::files {

/// The buffer of an std::istream that reads an open file. A read that fails sets the stream's badbit.
class FileBuffer : public std::streambuf {
 public:
  /// The file stays open, and must outlive the buffer.
  explicit FileBuffer(int file) : file_(file) {}

 protected:
  int_type underflow() override;

 private:
  int file_;
  std::vector<char> bytes_ = std::vector<char>(1 << 16);
};

}  // namespace gradus::files
