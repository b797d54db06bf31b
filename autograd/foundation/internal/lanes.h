#pragma once

#include <algorithm>
#include <array>
#include <limits>
#include <type_traits>

#include <gradus/autograd/foundation/internal/simd.h>

// Loops over a row in 16 lanes: sum, maximum, dot products, and a function with its sum. Element i goes to lane i mod
// 16, and the lanes are joined in a fixed tree, so that zeros appended to a row do not change the bits of its sum.
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

namespace detail {

template <class T>
using Lanes = simd::Vector<T, lanes>;

// The lanes joined in a fixed tree of halves.
template <class T, Index N, class Join>
[[gnu::always_inline]] inline T fold(const simd::Vector<T, N>& v, Join join) {
  if constexpr (N == 1) {
    return v[0];
  } else {
    simd::Vector<T, N / 2> half[2];
    std::memcpy(half, &v, sizeof v);
    return fold<T, N / 2>(join(half[0], half[1]), join);
  }
}

// v's first `count` lanes, `rest` in the others.
template <class T>
[[gnu::always_inline]] inline Lanes<T> first_lanes(const Lanes<T>& v, Index count, T rest) {
  constexpr Lanes<T> number = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return number < Lanes<T>{} + static_cast<T>(count) ? v : Lanes<T>{} + rest;
}

}  // namespace detail

/// The largest of x[0 .. n), -inf for n = 0; NaN wins. x is readable up to n rounded up to `lanes`.
template <class T>
[[gnu::always_inline]] inline T lane_max(const T* x, Index n) {
  using V = detail::Lanes<T>;
  constexpr T lowest = -std::numeric_limits<T>::infinity();
  V best = V{} + lowest;
  auto wrong = best != best;  // lanes with a NaN, which comparisons keep out of `best`
  const auto join = [&](const V& v) {
    best = v > best ? v : best;
    wrong |= v != v;
  };
  Index i = 0;
  for (; i + lanes <= n; i += lanes) join(simd::load<V>(x + i));
  if (i < n) join(detail::first_lanes(simd::load<V>(x + i), n - i, lowest));
  using Flag = std::remove_cvref_t<decltype(wrong[0])>;
  if (detail::fold<Flag, lanes>(wrong, [](const auto& a, const auto& b) { return a | b; }))
    return std::numeric_limits<T>::quiet_NaN();
  return detail::fold<T, lanes>(best, [](const auto& a, const auto& b) { return a > b ? a : b; });
}

/// out[r] = Σ_i x[r * step + i] y[i] for i in [0, n), in the order of lane_sum, several rows at a time. x and y are
/// readable up to n rounded up to `lanes`.
template <class T>
[[gnu::noinline]] void lane_dots(Index rows, Index n, const T* __restrict x, Index step, const T* __restrict y,
                                 T* __restrict out) {
  using V = detail::Lanes<T>;
  constexpr Index together = 4;
  const auto some = [&]<Index Rows>(std::integral_constant<Index, Rows>, Index r) {
    V sums[Rows] = {};
    Index i = 0;
    for (; i + lanes <= n; i += lanes)
      for (Index k = 0; k < Rows; ++k) sums[k] += simd::load<V>(x + (r + k) * step + i) * simd::load<V>(y + i);
    if (i < n) {
      for (Index k = 0; k < Rows; ++k)
        sums[k] += detail::first_lanes<T>(simd::load<V>(x + (r + k) * step + i) * simd::load<V>(y + i), n - i, T(0));
    }
    for (Index k = 0; k < Rows; ++k)
      out[r + k] = detail::fold<T, lanes>(sums[k], [](const auto& a, const auto& b) { return a + b; });
  };
  Index r = 0;
  for (; r + together <= rows; r += together) some(std::integral_constant<Index, together>{}, r);
  for (; r < rows; ++r) some(std::integral_constant<Index, 1>{}, r);
}

/// out[i] = f(x[i]) for i in [0, n); returns Σ out[i] in the order of lane_sum. Computes whole groups of `lanes`, so
/// that the bits of an element do not depend on the end of the row. x is readable up to n rounded up to `lanes`.
template <class T, class F>
[[gnu::always_inline]] inline T lane_map(const T* x, Index n, T* out, F f) {
  using V = detail::Lanes<T>;
  alignas(64) T values[lanes];
  const auto group = [&](Index i) {
    for (Index j = 0; j < lanes; ++j) values[j] = f(x[i + j]);
    return simd::load<V>(values);
  };
  V sums{};
  Index i = 0;
  for (; i + lanes <= n; i += lanes) {
    const V v = group(i);
    simd::store(out + i, v);
    sums += v;
  }
  if (i < n) {
    sums += detail::first_lanes(group(i), n - i, T(0));
    std::copy_n(values, n - i, out + i);
  }
  return detail::fold<T, lanes>(sums, [](const auto& a, const auto& b) { return a + b; });
}

}  // namespace gradus
