#pragma once

#include <fmt/format.h>

#include <gradus/autograd/foundation/error.h>

namespace gradus::optim {

/// Returns `value` when it is valid. Otherwise throws an Error that names the owner, the option, the value and the
/// range. Write `valid` as a comparison that is false for NaN.
template <class T>
T checked(const char* owner, const char* option, T value, bool valid, const char* range) {
  if (!valid) throw Error(fmt::format("{}: {} is {}, expected {}", owner, option, value, range));
  return value;
}

}  // namespace gradus::optim
