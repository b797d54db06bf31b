#pragma once

#include <cmath>

namespace gradus::optim {

/// a * b + c, rounded once where the CPU can. Sums of products are spelled with it, so that the compiler has no choice
/// of what to contract, and an element gets the same bits in the middle of a vector loop and in its remainder.
template <class T>
inline T multiply_add(T a, T b, T c) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  return std::fma(a, b, c);
#else
  return a * b + c;
#endif
}

}  // namespace gradus::optim
