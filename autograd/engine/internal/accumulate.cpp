#include <gradus/autograd/engine/internal/accumulate.h>

#include <atomic>
#include <bit>
#include <limits>
#include <type_traits>

#include <gradus/autograd/foundation/internal/gemm.h>
#include <gradus/autograd/foundation/parallel.h>

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
    T* to = out.mutable_data<T>();
    gemm<T>(blas::Transpose::yes, blas::Transpose::no, m, n, rows, a.data<T>(), m, b.data<T>(), n,
            accumulate ? Onto<T>{to, n} : Onto<T>{}, to, n);
  });
}

bool all_finite(const Tensor& x) {
  if (!is_floating(x.dtype())) return true;
  return dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    constexpr Bits exponent = std::bit_cast<Bits>(std::numeric_limits<T>::infinity());
    const T* p = x.data<T>();
    std::atomic<bool> finite{true};
    parallel_for(x.numel(), Index{1} << 16, [&](Index begin, Index end) {
      Bits found = 0;  // of integers, so that the loop is one of vectors
      for (Index i = begin; i < end; ++i)
        found |= (std::bit_cast<Bits>(p[i]) & exponent) == exponent ? Bits{1} : Bits{0};
      if (found) finite.store(false, std::memory_order_relaxed);
    });
    return finite.load();
  });
}

}  // namespace gradus
