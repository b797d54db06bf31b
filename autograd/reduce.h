#pragma once

#include <algorithm>
#include <array>
#include <limits>

#include "autograd/types.h"

// Sums in one fixed order: element i goes to lane i mod 16, lanes add up in a fixed tree. The order does not depend on
// threads, and zeros appended at the end do not change the bits.
namespace gradus {

constexpr Index lanes = 16;

template <class T>
[[gnu::always_inline]] inline T sum_lanes(std::array<T, lanes>& a) {
  for (std::size_t half = lanes / 2; half > 0; half /= 2)
    for (std::size_t i = 0; i < half; ++i) a[i] += a[i + half];
  return a[0];
}

/// Σ f(i) for i in [0, n).
template <class T, class F>
[[gnu::always_inline]] inline T lane_sum(Index n, F f) {
  alignas(64) std::array<T, lanes> a{};
  Index i = 0;
  for (; i + lanes <= n; i += lanes)
    for (Index j = 0; j < lanes; ++j) a[static_cast<std::size_t>(j)] += f(i + j);
  for (Index j = 0; i + j < n; ++j) a[static_cast<std::size_t>(j)] += f(i + j);
  return sum_lanes(a);
}

/// max f(i), -inf for n = 0; NaN wins.
template <class T, class F>
[[gnu::always_inline]] inline T lane_max(Index n, F f) {
  T m = -std::numeric_limits<T>::infinity();
  for (Index i = 0; i < n; ++i) {
    const T v = f(i);
    m = v > m || v != v ? v : m;
  }
  return m;
}

}  // namespace gradus
