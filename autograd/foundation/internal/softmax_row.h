#pragma once

#include <gradus/autograd/foundation/internal/lanes.h>
#include <gradus/autograd/foundation/math.h>

namespace gradus {

/// The largest element of a row and Σ exp(x - largest): {-inf, 0} when all elements are -inf, {inf, 1} when one is inf.
/// NaN gives NaN. x is readable up to n rounded up to `lanes`.
template <class T>
struct LogSum {
  T largest, total;
};
template <class T>
inline LogSum<T> log_sum_row(const T* x, Index n) {
  const T largest = lane_extreme<true>(x, n);
  constexpr T infinity = std::numeric_limits<T>::infinity();
  if (largest == infinity || largest == -infinity) return {largest, T(largest > 0)};
  return {largest, lane_sum<T>(n, [x, largest](Index i) { return math::exp_nonpositive(x[i] - largest); })};
}

/// y = softmax(x) of one row; zeros when all elements are -inf. x is readable up to n rounded up to `lanes`.
template <class T>
inline void softmax_row(const T* x, Index n, T* y) {
  const T largest = lane_extreme<true>(x, n);
  const T shift = largest == -std::numeric_limits<T>::infinity() ? T(0) : largest;
  const T total = lane_map(x, n, y, [shift](T v) { return math::exp_nonpositive(v - shift); });
  const T scale = total == 0 ? T(0) : T(1) / total;
  for (Index i = 0; i < n; ++i) y[i] *= scale;
}

}  // namespace gradus
