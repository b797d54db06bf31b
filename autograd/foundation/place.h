#pragma once

#include <string>

#include <gradus/autograd/foundation/compiler.h>

namespace gradus {

/// A line of the caller's code, for messages. It is the last, defaulted parameter of every op. Replaces
/// std::source_location, which Clang 14 lacks with GCC's standard library.
class Place {
 public:
  constexpr Place() = default;
  /// The line of the call; in a default argument, that of the function's caller.
  static constexpr Place current(const char* file = __builtin_FILE(), unsigned line = __builtin_LINE()) {
    Place place;
    place.file_ = file;
    place.line_ = line;
    return place;
  }
  /// The file as the compiler was given it; empty: no place.
  constexpr const char* file_name() const { return file_; }
  /// From 1 on; 0: no place.
  constexpr unsigned line() const { return line_; }

 private:
  const char* file_ = "";
  unsigned line_ = 0;
};

/// "file.cpp:12"
std::string to_string(const Place& place);

}  // namespace gradus
