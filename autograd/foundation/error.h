#pragma once

#include <stdexcept>
#include <string>

#include <gradus/autograd/foundation/place.h>

namespace gradus {

/// Every error of the library. The message is one sentence with the problem, the op and shapes, the expectation, and a
/// remedy.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& what) : std::runtime_error(what) {}
  /// Appends " (at file:line)".
  Error(const std::string& what, const Place& place);
};

}  // namespace gradus
