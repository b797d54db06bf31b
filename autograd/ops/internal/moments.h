#pragma once

#include <gradus/autograd/foundation/types.h>

namespace gradus {

/// The mean of n numbers and the inverse of their standard deviation, sqrt of the biased variance + epsilon.
template <class T>
struct Moments {
  T mean, inverse_std;
};

/// If not `centred`, the mean is taken as 0. For float and double.
template <class T>
Moments<T> moments(const T* x, Index n, double epsilon, bool centred = true);

}  // namespace gradus
