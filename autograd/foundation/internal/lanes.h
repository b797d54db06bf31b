#pragma once

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

#include <gradus/autograd/foundation/internal/simd.h>

// Loops over a row in 16 lanes: sum, product, extreme, dot products, and a function with its sum. Element i goes to
// lane i mod 16. Each lane is summed in a binary tree, and the lanes are joined in one, so that the error grows with
// log n. Zeros appended to a row do not change the bits of its sum.
namespace gradus {

constexpr Index lanes = 16;

/// Adds numbers in a binary tree over their positions: neighbours in pairs, then these sums in pairs, and so on. Zeros
/// at the end do not change the bits.
template <class V>
class TreeSum {
 public:
  [[gnu::always_inline]] void add(V v) {
    V* sum = sums_;
    for (Index n = count_++; n & 1; n >>= 1) v = *sum++ + v;
    *sum = v;
  }
  [[gnu::always_inline]] V total() const {
    if (count_ == 0) return V{};
    const V* sum = sums_;
    Index n = count_;
    for (; (n & 1) == 0; n >>= 1) ++sum;
    V v = *sum;
    while (n >>= 1)
      if (++sum; n & 1) v = *sum + v;
    return v;
  }

 private:
  Index count_ = 0;
  V sums_[48];  // the k-th: of 2^k positions, if bit k of the count is set
};

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
template <class T>
[[gnu::always_inline]] inline T sum_lanes(const Lanes<T>& v) {
  return fold<T, lanes>(v, [](const auto& a, const auto& b) { return a + b; });
}

// v's first `count` lanes, `rest` in the others.
template <class T>
[[gnu::always_inline]] inline Lanes<T> first_lanes(const Lanes<T>& v, Index count, T rest) {
  constexpr Lanes<T> number = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return number < Lanes<T>{} + static_cast<T>(count) ? v : Lanes<T>{} + rest;
}

// A group of lanes in vectors of the machine.
template <class T>
struct Group {
  static constexpr Index width = simd::lanes_of<T>;
  simd::Vector<T> part[lanes / width];

  [[gnu::always_inline]] friend Group operator+(const Group& a, const Group& b) {
    Group sum;
    for (Index k = 0; k < lanes / width; ++k) sum.part[k] = a.part[k] + b.part[k];
    return sum;
  }
};
template <class T>
[[gnu::always_inline]] inline T sum_lanes(const Group<T>& g) {
  Lanes<T> v;
  std::memcpy(&v, g.part, sizeof v);
  return sum_lanes<T>(v);
}

// Whole vectors of f(i), f(i + 1), ... Adding 0 rounds a product in f, so that it is not fused with a later addition:
// the bits of a sum do not depend on where the compiler would do that.
template <class T, class F>
[[gnu::always_inline]] inline Group<T> group_of(F f) {
  constexpr Index width = Group<T>::width;
  Group<T> g;
  for (Index k = 0; k < lanes; k += width) {
    alignas(64) T values[width];
#pragma GCC unroll 1
    for (Index j = 0; j < width; ++j) values[j] = f(k + j) + T(0);
    g.part[k / width] = simd::load<simd::Vector<T>>(values);
  }
  return g;
}

// The tree of `groups` groups from i on; `groups` is a power of two.
template <class T, Index groups, class F>
[[gnu::always_inline]] inline Group<T> tree(Index i, F f) {
  if constexpr (groups == 1)
    return group_of<T>([&](Index j) { return f(i + j); });
  else
    return tree<T, groups / 2>(i, f) + tree<T, groups / 2>(i + groups / 2 * lanes, f);
}

// The same for the first `count` groups, fewer than `groups`, then `last` and zeros.
template <class T, Index groups, class F>
[[gnu::always_inline]] inline Group<T> cut_tree(Index i, Index count, const Group<T>& last, F f) {
  if constexpr (groups == 1) {
    return last;
  } else {
    constexpr Index half = groups / 2;
    if (count < half) return cut_tree<T, half>(i, count, last, f);
    return tree<T, half>(i, f) + cut_tree<T, half>(i + half * lanes, count - half, last, f);
  }
}

}  // namespace detail

/// Σ f(i) for i in [0, n).
template <class T, class F>
[[gnu::always_inline]] inline T lane_sum(Index n, F f) {
  constexpr Index groups = 8;
  TreeSum<detail::Group<T>> sum;
  Index i = 0;
  for (; i + groups * lanes <= n; i += groups * lanes) sum.add(detail::tree<T, groups>(i, f));
  const Index count = (n - i) / lanes, rest = (n - i) % lanes;
  detail::Group<T> last{};
  if (rest) last = detail::group_of<T>([&](Index j) { return j < rest ? f(i + count * lanes + j) : T(0); });
  const auto end = detail::cut_tree<T, groups>(i, count, last, f);
  if (i == 0) return T(0) + detail::sum_lanes(end);
  sum.add(end);
  return T(0) + detail::sum_lanes(sum.total());
}

namespace detail {
template <bool largest, class V>
[[gnu::always_inline]] inline V further(const V& a, const V& b) {
  if constexpr (largest)
    return a > b ? a : b;
  else
    return a < b ? a : b;
}
}  // namespace detail

/// The largest or the smallest of x[0 .. n), -inf or inf for n = 0; NaN wins. x is readable up to n rounded up to
/// `lanes`.
template <bool largest, class T>
[[gnu::always_inline]] inline T lane_extreme(const T* x, Index n) {
  using V = detail::Lanes<T>;
  constexpr T nothing = (largest ? -1 : 1) * std::numeric_limits<T>::infinity();
  V best = V{} + nothing;
  auto wrong = best != best;  // lanes with a NaN, which comparisons keep out of `best`
  const auto join = [&](const V& v) {
    best = detail::further<largest>(v, best);
    wrong |= v != v;
  };
  Index i = 0;
  for (; i + lanes <= n; i += lanes) join(simd::load<V>(x + i));
  if (i < n) join(detail::first_lanes(simd::load<V>(x + i), n - i, nothing));
  using Flag = std::remove_cvref_t<decltype(wrong[0])>;
  if (detail::fold<Flag, lanes>(wrong, [](const auto& a, const auto& b) { return a | b; }))
    return std::numeric_limits<T>::quiet_NaN();
  return detail::fold<T, lanes>(best, [](const auto& a, const auto& b) { return detail::further<largest>(a, b); });
}

/// The product of x[0 .. n). Element i goes to lane i mod 16; the lanes are joined in a fixed tree. x is readable up to
/// n rounded up to `lanes`.
template <class T>
[[gnu::always_inline]] inline T lane_product(const T* x, Index n) {
  using V = detail::Lanes<T>;
  V product = V{} + T(1);
  Index i = 0;
  for (; i + lanes <= n; i += lanes) product *= simd::load<V>(x + i);
  if (i < n) product *= detail::first_lanes(simd::load<V>(x + i), n - i, T(1));
  return detail::fold<T, lanes>(product, [](const auto& a, const auto& b) { return a * b; });
}

/// out[r] = Σ_i x[r * step + i] y[i] for i in [0, n), several rows at a time; each lane adds in the order of i. x and y
/// are readable up to n rounded up to `lanes`.
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
    for (Index k = 0; k < Rows; ++k) out[r + k] = detail::sum_lanes<T>(sums[k]);
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
  TreeSum<V> sum;
  Index i = 0;
  for (; i + lanes <= n; i += lanes) {
    const V v = group(i);
    simd::store(out + i, v);
    sum.add(v);
  }
  if (i < n) {
    sum.add(detail::first_lanes(group(i), n - i, T(0)));
    std::copy_n(values, n - i, out + i);
  }
  return detail::sum_lanes<T>(sum.total());
}

}  // namespace gradus
