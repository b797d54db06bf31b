#include <gradus/autograd/ops/internal/moments.h>

#include <cmath>

#include <gradus/autograd/foundation/internal/lanes.h>

namespace gradus {

template <class T>
Moments<T> moments(const T* x, Index n, double epsilon, bool centred) {
  const T mean = centred ? lane_sum<T>(n, [x](Index i) { return x[i]; }) / static_cast<T>(n) : T(0);
  const T square = lane_sum<T>(n, [x, mean](Index i) { return (x[i] - mean) * (x[i] - mean); });
  return {mean, T(1) / std::sqrt(square / static_cast<T>(n) + static_cast<T>(epsilon))};
}

template Moments<float> moments(const float*, Index, double, bool);
template Moments<double> moments(const double*, Index, double, bool);

}  // namespace gradus
