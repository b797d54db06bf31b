#include <gradus/autograd/foundation/internal/softmax_row.h>

#include <limits>

#include <gradus/autograd/foundation/internal/lanes.h>
#include <gradus/autograd/foundation/math.h>

namespace gradus {

template <class T>
LogSum<T> log_sum_row(const T* x, Index n) {
  const T largest = lane_extreme<true>(x, n);
  constexpr T infinity = std::numeric_limits<T>::infinity();
  if (largest == infinity || largest == -infinity) return {largest, T(largest > 0)};
  return {largest, lane_sum<T>(n, [x, largest](Index i) { return math::exp_nonpositive(x[i] - largest); })};
}

template <class T>
void softmax_row(const T* x, Index n, T* y) {
  const T largest = lane_extreme<true>(x, n);
  const T shift = largest == -std::numeric_limits<T>::infinity() ? T(0) : largest;
  const T total = lane_map(x, n, y, [shift](T v) { return math::exp_nonpositive(v - shift); });
  const T scale = total == 0 ? T(0) : T(1) / total;
  for (Index i = 0; i < n; ++i) y[i] *= scale;
}

template LogSum<float> log_sum_row(const float*, Index);
template LogSum<double> log_sum_row(const double*, Index);
template void softmax_row(const float*, Index, float*);
template void softmax_row(const double*, Index, double*);

}  // namespace gradus
