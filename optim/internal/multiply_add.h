#pragma once

#include <cmath>

namespace gradus::optim {

/// a * b + c, rounded once where the CPU can. The compiler then has no choice of which product and sum to fuse, so an
/// element gets the same bits in the middle of a vector loop and in its remainder.
template <class T>
inline T multiply_add(T a, T b, T c) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  return std::fma(a, b, c);
#else
  return a * b + c;
#endif
}

}  // namespace gradus::optim
