#pragma once

#include <cmath>

namespace gradus::optim {

/// a * b + c, rounded once if the CPU can. This fixes which product and sum are fused, so an element gets the same bits
/// in a vector loop and in its remainder.
template <class T>
inline T multiply_add(T a, T b, T c) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  return std::fma(a, b, c);
#else
  return a * b + c;
#endif
}

}  // namespace gradus::optim
