#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include <gradus/autograd/foundation/error.h>

struct z_stream_s;  // of zlib

namespace gradus::data {

/// Reads the bytes of a file; of a gzip file (RFC 1952, one member or several) those that were packed. Unlike gzread it
/// drops nothing: what stands behind the packed bytes and is no gzip is an error.
class ByteReader {
 public:
  /// Makes the Error that is thrown, from the reason.
  using MakeError = std::function<Error(const std::string& reason)>;

  /// Reads what is left of an open file, and closes it in the end.
  ByteReader(int file, MakeError error);
  ~ByteReader();
  ByteReader(const ByteReader&) = delete;
  ByteReader& operator=(const ByteReader&) = delete;

  /// The next `size` bytes, fewer at the end only. Throws Error when reading fails, and when packed bytes are damaged
  /// or end too early.
  std::size_t read(char* into, std::size_t size);

 private:
  bool more();
  std::size_t copy(char* into, std::size_t size);
  std::size_t unpack(char* into, std::size_t size);

  int file_;
  MakeError error_;
  std::string raw_;
  std::size_t at_ = 0, end_ = 0;  // of the bytes in raw_ that were not used yet
  bool begun_ = false, packed_ = false;
  enum class Member { none, begun, ended } member_ = Member::none;
  std::unique_ptr<z_stream_s> stream_;
};

}  // namespace gradus::data
