#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include <gradus/autograd/foundation/error.h>

struct z_stream_s;  // of zlib

namespace gradus::data {

/// Reads the bytes of a file, and decompresses a gzip file (RFC 1952) of one or several members. gzread ignores bytes
/// after the last member; here they are an error.
class ByteReader {
 public:
  /// Makes the Error to throw from its reason.
  using MakeError = std::function<Error(const std::string& reason)>;

  /// Reads the rest of an open file. The destructor closes it.
  ByteReader(int file, MakeError error);
  ~ByteReader();
  ByteReader(const ByteReader&) = delete;
  ByteReader& operator=(const ByteReader&) = delete;

  /// Reads the next `size` bytes, or fewer at the end of the file, and returns their number. Throws Error when reading
  /// fails, and when compressed bytes are damaged or end too early.
  std::size_t read(char* into, std::size_t size);

 private:
  bool more();
  std::size_t copy(char* into, std::size_t size);
  std::size_t unpack(char* into, std::size_t size);

  int file_;
  MakeError error_;
  std::string raw_;
  std::size_t at_ = 0, end_ = 0;  // the unused bytes in raw_
  bool begun_ = false, packed_ = false;
  enum class Member { none, begun, ended } member_ = Member::none;
  std::unique_ptr<z_stream_s> stream_;
};

}  // namespace gradus::data
