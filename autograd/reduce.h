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
  alignas(64) std::array<T, lanes> m;
  m.fill(-std::numeric_limits<T>::infinity());
  auto larger = [](T v, T best) { return v <= best ? best : v; };  // a NaN v is not <=, and stays: nothing is <= to it
  Index i = 0;
  for (; i + lanes <= n; i += lanes)
    for (Index j = 0; j < lanes; ++j) {
      T& best = m[static_cast<std::size_t>(j)];
      best = best != best ? best : larger(f(i + j), best);
    }
  for (Index j = 0; i + j < n; ++j) {
    T& best = m[static_cast<std::size_t>(j)];
    best = best != best ? best : larger(f(i + j), best);
  }
  T best = m[0];
  for (const T v : m) best = best != best ? best : larger(v, best);
  return best;
}

/// out[i] = f(i) for i in [0, n), computed in whole groups of `lanes`, so that an element has the same bits wherever
/// the row ends. f must accept i up to the next multiple of lanes; a tensor can be read so far past its end.
template <class T, class F>
[[gnu::always_inline]] inline void lane_map(Index n, T* out, F f) {
  Index i = 0;
  for (; i + lanes <= n; i += lanes)
    for (Index j = 0; j < lanes; ++j) out[i + j] = f(i + j);
  if (i < n) {
    alignas(64) std::array<T, lanes> rest;
    for (Index j = 0; j < lanes; ++j) rest[static_cast<std::size_t>(j)] = f(i + j);
    for (Index j = 0; i + j < n; ++j) out[i + j] = rest[static_cast<std::size_t>(j)];
  }
}

}  // namespace gradus
