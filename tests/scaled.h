#pragma once

#include "autograd/sanitizers.h"

namespace gradus {

/// How often a test does what it does n times: under a sanitizer, where all takes ten times as long, a tenth as often.
template <class T>
constexpr T scaled(T n) {
  return sanitizers::watching ? (n + 9) / 10 : n;
}

}  // namespace gradus
