#include "autograd/accumulate.h"

#include <cmath>

#include "autograd/gemm.h"
#include "autograd/parallel.h"

namespace gradus {

void add_into(Tensor& sum, const Tensor& g) {
  dispatch(sum.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* __restrict to = sum.mutable_data<T>();
    const T* __restrict from = g.data<T>();
    parallel_for(sum.numel(), Index{1} << 16, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) to[i] += from[i];
    });
  });
}

void product_of_rows(const Tensor& a, const Tensor& b, Tensor& out, bool accumulate) {
  dispatch_floating(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const Index rows = a.shape()[0], m = a.shape()[1], n = b.shape()[1];
    gemm<T>(blas::Transpose::yes, blas::Transpose::no, m, n, rows, a.data<T>(), m, b.data<T>(), n,
            accumulate ? T(1) : T(0), out.mutable_data<T>(), n);
  });
}

bool all_finite(const Tensor& x) {
  if (!is_floating(x.dtype())) return true;
  return dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* p = x.data<T>();
    T poison = 0;  // x * 0 is 0, or NaN where x is not finite
    for (Index i = 0; i < x.numel(); ++i) poison = p[i] * 0 != 0 ? T(1) : poison;
    return poison == 0;
  });
}

}  // namespace gradus
