#pragma once

#include <gradus/autograd/engine/tensor.h>
#include <gradus/autograd/foundation/parallel.h>

namespace gradus {

/// Threads divide elementwise work on at least this many elements.
constexpr Index elementwise_grain = Index{1} << 15;

/// f of each element, in x's dtype. Outside the graph.
template <class F>
Tensor map_elements(const Tensor& x, F f) {
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* p = x.data<T>();
    T* out = y.mutable_data<T>();
    parallel_for(x.numel(), elementwise_grain, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) out[i] = f(p[i]);
    });
  });
  return y;
}

}  // namespace gradus
