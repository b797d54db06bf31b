#include <gradus/files/internal/file_buffer.h>

#include <unistd.h>
#include <cerrno>
#include <system_error>

#include <gradus/files/internal/file_calls.h>

namespace gradus::files {

std::streambuf::int_type FileBuffer::underflow() {
  const ssize_t got = uninterrupted([&] { return ::read(file_, bytes_.data(), bytes_.size()); });
  if (got < 0) throw std::system_error(errno, std::generic_category());  // the stream sets its badbit
  setg(bytes_.data(), bytes_.data(), bytes_.data() + got);
  return got == 0 ? traits_type::eof() : traits_type::to_int_type(bytes_.front());
}

}  // namespace gradus::files
