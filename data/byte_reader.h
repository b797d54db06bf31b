#pragma once

#include <zlib.h>

#include <cstddef>
#include <string>

namespace gradus::data {

/// Reads the bytes of a file; of a gzip file (RFC 1952, one member or several) those that were packed. Unlike gzread it
/// drops nothing: what stands behind the packed bytes and is no gzip is an error.
class ByteReader {
 public:
  /// Reads what is left of an open file, and closes it in the end.
  explicit ByteReader(int file);
  ~ByteReader();
  ByteReader(const ByteReader&) = delete;
  ByteReader& operator=(const ByteReader&) = delete;

  /// The next `size` bytes, fewer at the end only. Throws Error with the reason when reading fails, and when packed
  /// bytes are damaged or end too early.
  std::size_t read(char* into, std::size_t size);

 private:
  bool more();
  std::size_t copy(char* into, std::size_t size);
  std::size_t unpack(char* into, std::size_t size);

  int file_;
  std::string raw_;
  std::size_t at_ = 0, end_ = 0;  // of the bytes in raw_ that were not used yet
  bool begun_ = false, packed_ = false;
  bool inside_ = false;  // a member has begun and not ended
  bool behind_ = false;  // a member has ended
  z_stream stream_{};
};

}  // namespace gradus::data
