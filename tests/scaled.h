#pragma once

#include "autograd/sanitizers.h"

namespace gradus {

/// How often a test does what it does n times, or how large it makes what is n wide: under a sanitizer, where all takes
/// ten times as long, a tenth of it.
template <class T>
constexpr T scaled(T n) {
  return sanitizers::watching ? (n + 9) / 10 : n;
}

}  // namespace gradus
