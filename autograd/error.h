#pragma once

#include <source_location>
#include <stdexcept>
#include <string>

namespace gradus {

/// Where the user's code called in: the last, defaulted parameter of every op.
using Where = std::source_location;

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
