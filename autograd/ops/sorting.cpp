#include <gradus/autograd/ops/sorting.h>

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/copying.h>
#include <gradus/autograd/ops/indexing.h>
#include <gradus/autograd/ops/reduction.h>
#include <gradus/autograd/ops/shape.h>

namespace gradus {

namespace {

template <class T>
struct Entry {
  T value;
  Index position;
};

template <class T>
bool less_than(T a, T b) {
  return a < b || (b != b && a == a);
}

// The positions of the first `count` elements along the axis, sorted by value and then by position.
Tensor sorted_positions(const OpName& op, const Tensor& x, Index axis, Index count, bool descending) {
  constexpr Index grain = Index{1} << 12;
  constexpr Index few = 16;  // a heap finds the first elements faster where they are less than one in so many
  const AroundAxis a(x.shape(), axis);
  Shape shape = x.shape();
  shape[axis] = count;
  Tensor positions = Tensor::empty(op, shape, DType::i64);
  Index* out = positions.mutable_data<Index>();
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* p = x.data<T>();
    const auto precedes = [descending](const Entry<T>& l, const Entry<T>& r) {
      if (descending ? less_than(r.value, l.value) : less_than(l.value, r.value)) return true;
      if (descending ? less_than(l.value, r.value) : less_than(r.value, l.value)) return false;
      return l.position < r.position;
    };
    if (count > 0)
      parallel_for(a.outer * a.inner, grain_of(grain, a.extent), [&](Index begin, Index end) {
        std::vector<Entry<T>> row(static_cast<std::size_t>(a.extent));
        const auto last = row.begin() + count;
        for (Index line = begin; line < end; ++line) {
          const Index o = line / a.inner, i = line % a.inner;
          for (Index e = 0; e < a.extent; ++e)
            row[static_cast<std::size_t>(e)] = {p[(o * a.extent + e) * a.inner + i], e};
          if (count <= a.extent / few) {
            std::partial_sort(row.begin(), last, row.end(), precedes);
          } else {
            if (count < a.extent) std::nth_element(row.begin(), last, row.end(), precedes);
            std::sort(row.begin(), last, precedes);
          }
          for (Index e = 0; e < count; ++e)
            out[(o * count + e) * a.inner + i] = row[static_cast<std::size_t>(e)].position;
        }
      });
  });
  return without_gradient(op, positions, {x});
}

}  // namespace

Tensor argsort(const Tensor& x, Integer axis, Flag descending, Place place) {
  const OpName op("argsort", place);
  if (is_scalar_axis(op, axis, x.shape())) return Tensor::zeros(op, {}, DType::i64);
  const Index a = normalise_axis(op, axis, x.shape());
  return sorted_positions(op, x, a, x.shape()[a], descending);
}

ValuesIndices sort(const Tensor& x, Integer axis, Flag descending, Place place) {
  const OpName op("sort", place);
  if (is_scalar_axis(op, axis, x.shape())) return {clone({x, place}), Tensor::zeros(op, {}, DType::i64)};
  const Index a = normalise_axis(op, axis, x.shape());
  const Tensor indices = sorted_positions(op, x, a, x.shape()[a], descending);
  return {gather(x, a, indices, place), indices};
}

ValuesIndices topk(const Tensor& x, Integer k, Integer axis, Flag largest, Place place) {
  const OpName op("topk", place);
  if (is_scalar_axis(op, axis, x.shape())) {
    if (k != 1) throw Error(fmt::format("topk: k is {}, expected 1 for the scalar {}", k.value(), describe(x)), place);
    return sort(x, axis, largest, place);
  }
  const Index a = normalise_axis(op, axis, x.shape());
  if (k < 0 || k > x.shape()[a]) {
    throw Error(fmt::format("topk: k is {}, expected 0 to {}, the extent of axis {} of {}", Index(k), x.shape()[a], a,
                            describe(x)),
                place);
  }
  const Tensor indices = sorted_positions(op, x, a, k, largest);
  return {gather(x, a, indices, place), indices};
}

namespace {

// The elements at indices, which keep the axis with extent 1.
ValuesIndices chosen(const Tensor& x, Index axis, const Tensor& indices, bool keepdim, const Place& place) {
  const Tensor values = gather(x, axis, indices, place);
  if (keepdim) return {values, indices};
  return {squeeze(values, axis, place), squeeze(indices, axis, place)};
}

}  // namespace

ValuesIndices max_with_indices(const Tensor& x, Integer axis, Flag keepdim, Place place) {
  const OpName op("max_with_indices", place);
  if (is_scalar_axis(op, axis, x.shape())) return sort(x, axis, true, place);
  const Index a = normalise_axis(op, axis, x.shape());
  return chosen(x, a, argmax(x, a, true, place), keepdim, place);
}

ValuesIndices min_with_indices(const Tensor& x, Integer axis, Flag keepdim, Place place) {
  const OpName op("min_with_indices", place);
  if (is_scalar_axis(op, axis, x.shape())) return sort(x, axis, false, place);
  const Index a = normalise_axis(op, axis, x.shape());
  return chosen(x, a, argmin(x, a, true, place), keepdim, place);
}

}  // namespace gradus
