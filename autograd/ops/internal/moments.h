#pragma once

#include <cmath>

#include <gradus/autograd/foundation/internal/lanes.h>

namespace gradus {

/// The mean of n numbers and the inverse of their standard deviation, sqrt of the biased variance + epsilon.
template <class T>
struct Moments {
  T mean, inverse_std;
};

/// If not `centred`, the mean is taken as 0.
template <class T>
Moments<T> moments(const T* x, Index n, double epsilon, bool centred = true) {
  const T mean = centred ? lane_sum<T>(n, [x](Index i) { return x[i]; }) / static_cast<T>(n) : T(0);
  const T square = lane_sum<T>(n, [x, mean](Index i) { return (x[i] - mean) * (x[i] - mean); });
  return {mean, T(1) / std::sqrt(square / static_cast<T>(n) + static_cast<T>(epsilon))};
}

}  // namespace gradus
