#include <gradus/autograd/ops/products.h>

#include <algorithm>
#include <numeric>
#include <type_traits>
#include <vector>

#include <gradus/autograd/engine/record.h>
#include <gradus/autograd/foundation/internal/lanes.h>
#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/copying.h>
#include <gradus/autograd/ops/internal/scan.h>
#include <gradus/autograd/ops/internal/wrapping.h>
#include <gradus/autograd/ops/joining.h>
#include <gradus/autograd/ops/shape.h>
#include <gradus/autograd/ops/slicing.h>

// All derivatives are running products and linear recurrences along an axis, forward or reversed:
//   y[k] = x[k] y[k - 1],  dx[k] = y[k - 1] s[k],  s[k] = dy[k] + x[k + 1] s[k + 1]
namespace gradus {

namespace {

// x[k - 1] in the place of x[k] (x[k + 1] if reversed), and `border` where there is none.
Tensor shifted(const Tensor& x, Index axis, bool reversed, double border) {
  const Index n = x.shape()[axis];
  if (n == 0) return x;
  Shape slice = x.shape();
  slice[axis] = 1;
  const Tensor outside = Tensor::full(slice, border, x.dtype());
  return reversed ? concat({narrow(x, axis, 1, n - 1), outside}, axis)
                  : concat({outside, narrow(x, axis, 0, n - 1)}, axis);
}

// s[k] = b[k] + a[k] s[k - 1] (s[k + 1] if reversed). a has no effect at the border.
Tensor recurrence(const OpName& op, const Tensor& a, const Tensor& b, Index axis, bool reversed) {
  Tensor s = Tensor::empty(op, b.shape(), b.dtype());
  dispatch_floating(b.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T *p = a.data<T>(), *q = b.data<T>();
    T* out = s.mutable_data<T>();
    scan(
        AroundAxis(b.shape(), axis), reversed, [q](Index k) { return q[k]; },
        [p, q](Index k, T before) { return q[k] + p[k] * before; }, out);
  });
  return record(op, s, {a, unread(b)}, [op, a, axis, reversed](const Tensor& dy, const Tensor& s, Needs needs) {
    const Tensor db = recurrence(op, shifted(a, axis, !reversed, 0), dy, axis, !reversed);
    return Grads{needs[0] ? mul(db, shifted(s, axis, reversed, 0)) : Tensor(), db};
  });
}

Tensor running_product(const OpName& op, const Tensor& x, Index axis, bool reversed) {
  Tensor y = Tensor::empty(op, x.shape(), x.dtype());
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* p = x.data<T>();
    T* out = y.mutable_data<T>();
    scan(
        AroundAxis(x.shape(), axis), reversed, [p](Index k) { return p[k]; },
        [p](Index k, T before) { return wrapping_mul(p[k], before); }, out);
  });
  return record(op, y, {x}, [op, x, axis, reversed](const Tensor& dy, const Tensor& y) {
    const Tensor later = recurrence(op, shifted(x, axis, !reversed, 0), dy, axis, !reversed);
    return Grads{mul(shifted(y, axis, reversed, 1), later)};
  });
}

// The product of each row of x [rows, n]: [rows].
Tensor row_products(const OpName& op, const Tensor& x) {
  const Index rows = x.shape()[0], n = x.shape()[1];
  Tensor y = Tensor::empty(op, {rows}, x.dtype());
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* p = x.data<T>();
    T* out = y.mutable_data<T>();
    parallel_each(rows, grain_of(Index{1} << 13, n), [&](Index r) {
      const T* row = p + r * n;
      if constexpr (std::is_floating_point_v<T>)
        out[r] = lane_product(row, n);
      else
        out[r] = std::accumulate(row, row + n, T(1), wrapping_mul<T>);
    });
  });
  return record(op, y, {x}, [op, x](const Tensor& dy) {
    const Tensor before = shifted(running_product(op, x, 1, false), 1, false, 1);
    const Tensor after = shifted(running_product(op, x, 1, true), 1, true, 1);
    return Grads{mul(unsqueeze(dy, 1), mul(before, after))};
  });
}

}  // namespace

Tensor prod(const Tensor& x, const Axes& axes, Flag keepdim, Place place) {
  const OpName op("prod", place);
  const std::vector<bool> named = normalise_axes(op, axes.list(), x.shape());
  const Index rows = reduced(x.shape(), named, false).numel(), n = elements_along(x.shape(), named);
  std::vector<Index> order(static_cast<std::size_t>(x.rank()));
  std::iota(order.begin(), order.end(), Index{0});
  const auto stays = [&](Index axis) { return !named[static_cast<std::size_t>(axis)]; };
  const bool at_end = std::is_partitioned(order.begin(), order.end(), stays);
  std::stable_partition(order.begin(), order.end(), stays);
  const Tensor moved = at_end ? x : permute(x, order, place);
  return reshape(row_products(op, reshape(moved, {rows, n}, place)), reduced(x.shape(), named, keepdim), place);
}

Tensor cumprod(const Tensor& x, Integer axis, Place place) {
  const OpName op("cumprod", place);
  if (is_scalar_axis(op, axis, x.shape())) return clone({x, place});
  return running_product(op, x, normalise_axis(op, axis, x.shape()), false);
}

}  // namespace gradus
