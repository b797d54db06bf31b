#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

#include <gradus/autograd/foundation/place.h>

namespace gradus {

/// Every error of the library. The message is one sentence with the problem, the op and shapes, the expectation, and a
/// remedy.
class Error : public std::runtime_error {
 public:
  /// With the message as it is.
  explicit Error(const std::string& what) : std::runtime_error(what) {}
  /// Appends " (at file:line)".
  Error(const std::string& what, const Place& place);
};

/// An allocation failed. The message has the number of bytes.
class OutOfMemory : public Error {
 public:
  /// `what` needs the bytes: "a tensor f32 [2, 3]".
  OutOfMemory(const std::string& what, std::size_t bytes);
  /// The same, in an op (null: none) that was called at a place.
  OutOfMemory(const std::string& what, std::size_t bytes, const char* op, const Place& place);
  /// The number of bytes that were asked for.
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_;
};

}  // namespace gradus
