#pragma once

#include <gradus/autograd/foundation/types.h>

// For float and double.
namespace gradus {

/// The largest element of a row and Σ exp(x - largest): {-inf, 0} when all elements are -inf, {inf, 1} when one is inf.
/// NaN gives NaN. x is readable up to n rounded up to `lanes`.
template <class T>
struct LogSum {
  T largest, total;
};
template <class T>
LogSum<T> log_sum_row(const T* x, Index n);

/// y = softmax(x) of one row; zeros when all elements are -inf. x is readable up to n rounded up to `lanes`.
template <class T>
void softmax_row(const T* x, Index n, T* y);

}  // namespace gradus
