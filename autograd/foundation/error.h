#pragma once

#include <stdexcept>
#include <string>

#include <gradus/autograd/foundation/place.h>

namespace gradus {

/// Every error of the library. The message is one sentence: what is wrong, in which op and shape, what was expected,
/// and what to do.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& what) : std::runtime_error(what) {}
  /// Appends " (at file:line)".
  Error(const std::string& what, const Place& place);
};

}  // namespace gradus
