#include <gradus/autograd/ops/reduction.h>

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <vector>

#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/engine/internal/sum_axes.h>
#include <gradus/autograd/foundation/internal/lanes.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/comparison.h>
#include <gradus/autograd/ops/copying.h>
#include <gradus/autograd/ops/internal/columns.h>
#include <gradus/autograd/ops/internal/scan.h>
#include <gradus/autograd/ops/internal/wrapping.h>
#include <gradus/autograd/ops/shape.h>
#include <gradus/autograd/ops/slicing.h>

namespace gradus {

Tensor sum(const Tensor& x, const Axes& axes, Flag keepdim, Place place) {
  const OpName op("sum", place);
  const std::vector<bool> named = normalise_axes(op, axes.list(), x.shape());
  const Tensor y = sum_axes(op, x, named);
  const Shape kept = reduced(x.shape(), named, true);
  Tensor value = y.alias(reduced(x.shape(), named, keepdim));
  if (value.storage() == x.storage()) value = clone(value);
  return record(op, value, {unread(x)},
                [kept, from = x.shape()](const Tensor& dy) { return Grads{expand(reshape(dy, kept), from)}; });
}

Tensor mean(const Tensor& x, const Axes& axes, Flag keepdim, Place place) {
  const OpName op("mean", place);
  check_floating(op, x);
  const Index n = elements_along(x.shape(), normalise_axes(op, axes.list(), x.shape()));
  return mul({sum(x, axes, keepdim, place), place}, 1.0 / static_cast<double>(n));
}

Tensor var(const Tensor& x, const Axes& axes, Integer correction, Flag keepdim, Place place) {
  const OpName op("var", place);
  check_floating(op, x);
  const Index n = elements_along(x.shape(), normalise_axes(op, axes.list(), x.shape()));
  const Tensor centred = sub({x, place}, mean(x, axes, true, place));
  const double divisor = static_cast<double>(std::max<Index>(0, n - correction));
  return mul({sum(square({centred, place}), axes, keepdim, place), place}, 1.0 / divisor);
}

namespace {

// The extreme element of a row of n > 0.
template <class T>
T extreme_of_row(const T* row, Index n, bool largest) {
  if constexpr (std::is_floating_point_v<T>) return largest ? lane_extreme<true>(row, n) : lane_extreme<false>(row, n);
  return largest ? *std::max_element(row, row + n) : *std::min_element(row, row + n);
}

Tensor extreme(const OpName& op, const Tensor& x, const Axes& axes, bool keepdim, bool largest) {
  const std::vector<bool> named = normalise_axes(op, axes.list(), x.shape());
  if (elements_along(x.shape(), named) == 0) {
    throw Error(
        fmt::format("{}: {} has no elements along the reduced axes, so there is no {}", op.name, describe(x), op.name),
        op.place);
  }
  const Tensor y = reduce_runs(
      x, named, [&op, largest](const Tensor& t, Index outer, Index extent, Index inner, const Shape& shape) {
        Tensor out = Tensor::empty(op, shape, t.dtype());
        dispatch(t.dtype(), [&](auto zero) {
          using T = decltype(zero);
          const T* p = t.data<T>();
          T* to = out.mutable_data<T>();
          const auto better = [largest](T v, T best) { return v != v || (largest ? v > best : v < best) ? v : best; };
          parallel_columns(AroundAxis({outer, extent, inner}, 1), [=](Index o, Index begin, Index end) {
            const T* row = p + o * extent * inner;
            T* best = to + o * inner;
            if (inner == 1) {
              *best = extreme_of_row(row, extent, largest);
              return;
            }
            std::copy(row + begin, row + end, best + begin);
            for (Index e = 1; e < extent; ++e) {
              row += inner;
              for (Index i = begin; i < end; ++i) best[i] = better(row[i], best[i]);
            }
          });
        });
        return out;
      });
  const Shape kept = reduced(x.shape(), named, true);
  std::vector<Index> over;
  for (Index i = 0; i < x.rank(); ++i)
    if (named[static_cast<std::size_t>(i)]) over.push_back(i);
  Tensor value = y.alias(reduced(x.shape(), named, keepdim));
  if (value.storage() == x.storage()) value = clone(value);
  return record(op, value, {x}, [x, kept, over](const Tensor& dy, const Tensor& y) {
    const Tensor hit = equal(x.detach(), expand(reshape(y.detach(), kept), x.shape()));
    const Tensor share = hit / (over.empty() ? hit : sum(hit, over, true));
    return Grads{share * reshape(dy, kept)};
  });
}

}  // namespace

Tensor max(const Tensor& x, const Axes& axes, Flag keepdim, Place place) {
  return extreme(OpName("max", place), x, axes, keepdim, true);
}

Tensor min(const Tensor& x, const Axes& axes, Flag keepdim, Place place) {
  return extreme(OpName("min", place), x, axes, keepdim, false);
}

namespace {

// The first extreme element; NaN wins.
Tensor extreme_index(const OpName& op, const Tensor& x, std::optional<Integer> dim, bool keepdim, bool largest) {
  if (!dim) {
    const Tensor first = extreme_index(op, reshape(x.detach(), {x.numel()}, op.place), 0, false, largest);
    return keepdim ? reshape(first, reduced(x.shape(), normalise_axes(op, {}, x.shape()), true), op.place) : first;
  }
  if (is_scalar_axis(op, *dim, x.shape())) return Tensor::zeros(op, {}, DType::i64);
  const Index axis = normalise_axis(op, *dim, x.shape());
  const AroundAxis a(x.shape(), axis);
  if (a.extent == 0) throw Error(fmt::format("{}: axis {} of {} is empty", op.name, axis, describe(x)), op.place);
  Shape shape = x.shape();
  shape[axis] = 1;
  if (!keepdim) shape.erase(axis);
  Tensor y = Tensor::empty(op, shape, DType::i64);
  Index* out = y.mutable_data<Index>();
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* p = x.data<T>();
    parallel_columns(a, [=](Index o, Index begin, Index end) {
      if (a.inner == 1) {
        const T* row = p + o * a.extent;
        const T best = extreme_of_row(row, a.extent, largest);
        out[o] = std::find_if(row, row + a.extent, [best](T v) { return v == best || v != v; }) - row;
        return;
      }
      for (Index i = begin; i < end; ++i) {
        const T* column = p + o * a.extent * a.inner + i;
        Index best = 0;
        for (Index e = 1; e < a.extent; ++e) {
          const T v = column[e * a.inner], b = column[best * a.inner];
          if (b == b && ((largest ? v > b : v < b) || v != v)) best = e;
        }
        out[o * a.inner + i] = best;
      }
    });
  });
  return without_gradient(op, y, {x});
}

}  // namespace

Tensor argmax(const Tensor& x, std::optional<Integer> axis, Flag keepdim, Place place) {
  return extreme_index({"argmax", place}, x, axis, keepdim, true);
}

Tensor argmin(const Tensor& x, std::optional<Integer> axis, Flag keepdim, Place place) {
  return extreme_index({"argmin", place}, x, axis, keepdim, false);
}

Tensor any(const Tensor& x, const Axes& axes, Flag keepdim, Place place) {
  return greater(sum(not_equal({x, place}, 0), axes, keepdim, place), 0);
}

Tensor all(const Tensor& x, const Axes& axes, Flag keepdim, Place place) {
  return equal(sum(equal({x, place}, 0), axes, keepdim, place), 0);
}

Tensor count_nonzero(const Tensor& x, const Axes& axes, Place place) {
  return sum(to(not_equal({x, place}, 0), DType::i64), axes, false, place);
}

namespace {

// y[k] = x[k] + y[k - 1] along the axis (y[k + 1] if reversed).
Tensor running_sum(const OpName& op, const Tensor& x, Index axis, bool reversed) {
  Tensor y = Tensor::empty(op, x.shape(), x.dtype());
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* p = x.data<T>();
    T* out = y.mutable_data<T>();
    scan(
        AroundAxis(x.shape(), axis), reversed, [p](Index k) { return p[k]; },
        [p](Index k, T before) { return wrapping_add(p[k], before); }, out);
  });
  return record(op, y, {unread(x)},
                [op, axis, reversed](const Tensor& dy) { return Grads{running_sum(op, dy, axis, !reversed)}; });
}

}  // namespace

Tensor cumsum(const Tensor& x, Integer dim, Place place) {
  const OpName op("cumsum", place);
  if (is_scalar_axis(op, dim, x.shape())) return clone({x, place});
  return running_sum(op, x, normalise_axis(op, dim, x.shape()), false);
}

}  // namespace gradus
