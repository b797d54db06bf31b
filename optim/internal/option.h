#pragma once

#include <fmt/format.h>

#include <gradus/autograd/foundation/error.h>

namespace gradus::optim {

/// Returns the value of an option, or throws an Error that names its owner, itself, the value and the range.
/// `valid` must be false for NaN: write it as comparisons that hold.
template <class T>
T checked(const char* owner, const char* option, T value, bool valid, const char* range) {
  if (!valid) throw Error(fmt::format("{}: {} is {}, expected {}", owner, option, value, range));
  return value;
}

}  // namespace gradus::optim
