#include <gradus/autograd/engine/internal/sum_axes.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/foundation/internal/lanes.h>
#include <gradus/autograd/foundation/internal/row_sums.h>
#include <gradus/autograd/foundation/parallel.h>

namespace gradus {

namespace {

constexpr Index sum_block = 4096;
constexpr Index piece = Index{1} << 15;  // elements that are worth a task

// i64 is added without a sign, so that its sums wrap around at 2^63.
template <class T>
using Term = std::conditional_t<std::is_same_v<T, Index>, std::uint64_t, T>;

// Σ f(x[i]). A long row is summed in blocks, which are cut among threads by its length.
template <class T, class F>
T sum_row(const T* x, Index n, F f) {
  if (n <= sum_block) return lane_sum<T>(n, [x, f](Index i) { return f(x[i]); });
  const Index blocks = (n + sum_block - 1) / sum_block;
  std::vector<T> sums(static_cast<std::size_t>(blocks));
  parallel_for(blocks, 16, [&](Index begin, Index end) {
    for (Index b = begin; b < end; ++b) {
      const T* p = x + b * sum_block;
      sums[static_cast<std::size_t>(b)] =
          lane_sum<T>(std::min(sum_block, n - b * sum_block), [p, f](Index i) { return f(p[i]); });
    }
  });
  return lane_sum<T>(blocks, [&](Index i) { return sums[static_cast<std::size_t>(i)]; });
}

// out[o] = Σ_e f(x[o, e])
template <class T, class F>
void sum_last_axis(const T* x, Index outer, Index extent, T* out, F f) {
  parallel_each(outer, grain_of(piece, extent), [&](Index o) { out[o] = sum_row(x + o * extent, extent, f); });
}

// out[o, i] = Σ_e x[o, e, i]
template <class T>
void sum_axis(const T* x, Index outer, Index extent, Index inner, T* out) {
  if (inner == 1) return sum_last_axis(x, outer, extent, out, [](T v) { return v; });
  parallel_each(outer, grain_of(piece, extent * inner),
                [&](Index o) { sum_rows(x + o * extent * inner, extent, inner, out + o * inner); });
}

}  // namespace

Tensor sum_axes(const OpName& op, const Tensor& x, const std::vector<bool>& named) {
  return reduce_runs(x, named, [&op](const Tensor& t, Index outer, Index extent, Index inner, const Shape& shape) {
    Tensor out = Tensor::empty(op, shape, t.dtype());
    if (out.numel() == 0) return out;
    dispatch(t.dtype(), [&](auto zero) {
      using T = decltype(zero);
      sum_axis(reinterpret_cast<const Term<T>*>(t.data<T>()), outer, extent, inner,
               reinterpret_cast<Term<T>*>(out.mutable_data<T>()));
    });
    return out;
  });
}

Tensor sum_squares(const OpName& op, const Tensor& x, const std::vector<bool>& named) {
  std::vector<bool> last(named.size());  // the named axes after all others
  for (std::size_t i = named.size(); i-- > 0 && named[i];) last[i] = true;
  Tensor out = Tensor::empty(op, reduced(x.shape(), last, true), x.dtype());
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    sum_last_axis(x.data<T>(), out.numel(), elements_along(x.shape(), last), out.mutable_data<T>(),
                  [](T v) { return v * v; });
  });
  return sum_axes(op, out, named);
}

}  // namespace gradus
