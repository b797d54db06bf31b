#pragma once

#include <stdexcept>
#include <string>

namespace gradus {

/// Where the user's code called in: the last, defaulted parameter of every op. As std::source_location, which Clang 14
/// does not have with GCC's standard library.
class Where {
 public:
  constexpr Where() = default;
  static constexpr Where current(const char* file = __builtin_FILE(), unsigned line = __builtin_LINE()) {
    Where w;
    w.file_ = file;
    w.line_ = line;
    return w;
  }
  constexpr const char* file_name() const { return file_; }
  constexpr unsigned line() const { return line_; }

 private:
  const char* file_ = "";
  unsigned line_ = 0;
};

/// Every error of the library: one sentence with what was wrong, where, what was expected and what to do.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& what) : std::runtime_error(what) {}
  /// Ends in " (at file:line)", the caller's place.
  Error(const std::string& what, const Where& where);
};

/// "file.cpp:12"
std::string to_string(const Where& where);

}  // namespace gradus
