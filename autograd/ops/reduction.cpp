#include <gradus/autograd/ops/reduction.h>

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/foundation/internal/lanes.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops.h>

namespace gradus {

namespace {

constexpr Index sum_block = 4096;

// Sums of neighbouring blocks are added sequentially, so that a long row can be cut among threads by its length alone.
template <class T>
T sum_row(const T* x, Index n) {
  if (n <= sum_block) return lane_sum<T>(n, [x](Index i) { return x[i]; });
  const Index blocks = (n + sum_block - 1) / sum_block;
  std::vector<T> sums(static_cast<std::size_t>(blocks));
  parallel_for(blocks, 16, [&](Index begin, Index end) {
    for (Index b = begin; b < end; ++b) {
      const T* p = x + b * sum_block;
      sums[static_cast<std::size_t>(b)] =
          lane_sum<T>(std::min(sum_block, n - b * sum_block), [p](Index i) { return p[i]; });
    }
  });
  return lane_sum<T>(blocks, [&](Index i) { return sums[static_cast<std::size_t>(i)]; });
}

// out[o, i] = Σ_e x[o, e, i]
template <class T>
void sum_axis(const T* x, Index outer, Index extent, Index inner, T* out) {
  if (inner == 1) {
    parallel_for(outer, std::max<Index>(1, (Index{1} << 15) / std::max<Index>(1, extent)), [&](Index begin, Index end) {
      for (Index o = begin; o < end; ++o) out[o] = sum_row(x + o * extent, extent);
    });
    return;
  }
  // Rows add four at a time, columns are cut among threads.
  const Index columns = std::max<Index>(64, (Index{1} << 15) / std::max<Index>(1, extent));
  for (Index o = 0; o < outer; ++o)
    parallel_for(inner, columns, [&](Index begin, Index end) {
      T* y = out + o * inner;
      std::fill(y + begin, y + end, T(0));
      const T* row = x + o * extent * inner;
      Index e = 0;
      for (; e + 4 <= extent; e += 4, row += 4 * inner)
        for (Index i = begin; i < end; ++i)
          y[i] += (row[i] + row[inner + i]) + (row[2 * inner + i] + row[3 * inner + i]);
      for (; e < extent; ++e, row += inner)
        for (Index i = begin; i < end; ++i) y[i] += row[i];
    });
}

Shape reduced(const Shape& shape, const std::vector<bool>& named, bool keepdim) {
  Shape out;
  for (Index i = 0; i < shape.rank(); ++i) {
    if (!named[static_cast<std::size_t>(i)]) {
      out.push_back(shape[i]);
    } else if (keepdim) {
      out.push_back(1);
    }
  }
  return out;
}

Index elements(const Shape& shape, const std::vector<bool>& named) {
  Index n = 1;
  for (Index i = 0; i < shape.rank(); ++i)
    if (named[static_cast<std::size_t>(i)]) n *= shape[i];
  return n;
}

// Runs of neighbouring named axes are reduced one run at a time, the last first.
template <class Reduce>
Tensor reduce_runs(const Tensor& x, const std::vector<bool>& named, Reduce reduce) {
  Tensor y = x.detach();
  Shape shape = x.shape();
  for (Index last = x.rank(); last-- > 0;) {
    if (!named[static_cast<std::size_t>(last)]) continue;
    Index first = last;
    while (first > 0 && named[static_cast<std::size_t>(first - 1)]) --first;
    Index outer = 1, extent = 1, inner = 1;
    for (Index i = 0; i < x.rank(); ++i) (i < first ? outer : i <= last ? extent : inner) *= shape[i];
    for (Index i = first; i <= last; ++i) shape[i] = 1;
    y = reduce(y, outer, extent, inner, shape);
    last = first;
  }
  return y;
}

}  // namespace

Tensor sum(const Tensor& x, const std::vector<Index>& axes, bool keepdim, Place place) {
  const OpName op("sum", place);
  check_floating(op, x);
  const std::vector<bool> named = normalise_axes(op, axes, x.shape());
  const Tensor y =
      reduce_runs(x, named, [](const Tensor& t, Index outer, Index extent, Index inner, const Shape& shape) {
        Tensor out = Tensor::empty(shape, t.dtype());
        dispatch_floating(t.dtype(), [&](auto zero) {
          using T = decltype(zero);
          sum_axis(t.data<T>(), outer, extent, inner, out.mutable_data<T>());
        });
        return out;
      });
  const Shape kept = reduced(x.shape(), named, true);
  Tensor value = y.alias(reduced(x.shape(), named, keepdim));
  if (value.storage() == x.storage()) value = clone(value);
  return record(op, value, {unread(x)},
                [kept, from = x.shape()](const Tensor& dy) { return Grads{expand(reshape(dy, kept), from)}; });
}

Tensor mean(const Tensor& x, const std::vector<Index>& axes, bool keepdim, Place place) {
  const Index n = elements(x.shape(), normalise_axes(OpName("mean", place), axes, x.shape()));
  return mul(sum(x, axes, keepdim, place), 1.0 / static_cast<double>(n), place);
}

Tensor var(const Tensor& x, const std::vector<Index>& axes, Index correction, bool keepdim, Place place) {
  const Index n = elements(x.shape(), normalise_axes(OpName("var", place), axes, x.shape()));
  const Tensor centred = sub(x, mean(x, axes, true, place), place);
  const double divisor = static_cast<double>(std::max<Index>(0, n - correction));
  return mul(sum(square(centred, place), axes, keepdim, place), 1.0 / divisor, place);
}

namespace {

Tensor extreme(const OpName& op, const Tensor& x, const std::vector<Index>& axes, bool keepdim, bool largest) {
  check_floating(op, x);
  const std::vector<bool> named = normalise_axes(op, axes, x.shape());
  if (elements(x.shape(), named) == 0)
    throw Error(
        fmt::format("{}: {} has no elements along the reduced axes, so there is no {}", op.name, describe(x), op.name),
        op.place);
  const Tensor y =
      reduce_runs(x, named, [largest](const Tensor& t, Index outer, Index extent, Index inner, const Shape& shape) {
        Tensor out = Tensor::empty(shape, t.dtype());
        dispatch_floating(t.dtype(), [&](auto zero) {
          using T = decltype(zero);
          const T* p = t.data<T>();
          T* to = out.mutable_data<T>();
          for (Index o = 0; o < outer; ++o)
            for (Index i = 0; i < inner; ++i) {
              T best = p[o * extent * inner + i];
              for (Index e = 1; e < extent; ++e) {
                const T v = p[(o * extent + e) * inner + i];
                best = v != v || (largest ? v > best : v < best) ? v : best;
              }
              to[o * inner + i] = best;
            }
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

Tensor max(const Tensor& x, const std::vector<Index>& axes, bool keepdim, Place place) {
  return extreme(OpName("max", place), x, axes, keepdim, true);
}

Tensor min(const Tensor& x, const std::vector<Index>& axes, bool keepdim, Place place) {
  return extreme(OpName("min", place), x, axes, keepdim, false);
}

Tensor argmax(const Tensor& x, Index axis, bool keepdim, Place place) {
  const OpName op("argmax", place);
  axis = normalise_axis(op, axis, x.shape());
  const AroundAxis a(x.shape(), axis);
  if (a.extent == 0) throw Error(fmt::format("argmax: axis {} of {} is empty", axis, describe(x)), place);
  Shape shape = x.shape();
  shape[axis] = 1;
  if (!keepdim) shape.erase(axis);
  Tensor y = Tensor::empty(shape, DType::i64);
  Index* out = y.mutable_data<Index>();
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* p = x.data<T>();
    for (Index o = 0; o < a.outer; ++o)
      for (Index i = 0; i < a.inner; ++i) {
        Index best = 0;
        for (Index e = 1; e < a.extent; ++e) {
          const T v = p[(o * a.extent + e) * a.inner + i], b = p[(o * a.extent + best) * a.inner + i];
          if (b == b && (v > b || v != v)) best = e;
        }
        out[o * a.inner + i] = best;
      }
  });
  return y;
}

Tensor cumsum(const Tensor& x, Index axis, Place place) {
  const OpName op("cumsum", place);
  check_floating(op, x);
  axis = normalise_axis(op, axis, x.shape());
  const AroundAxis a(x.shape(), axis);
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* p = x.data<T>();
    T* out = y.mutable_data<T>();
    for (Index o = 0; o < a.outer; ++o)
      for (Index e = 0; e < a.extent; ++e)
        for (Index i = 0; i < a.inner; ++i) {
          const Index k = (o * a.extent + e) * a.inner + i;
          out[k] = p[k] + (e ? out[k - a.inner] : T(0));
        }
  });
  return record(op, y, {unread(x)},
                [axis](const Tensor& dy) { return Grads{flip(cumsum(flip(dy, axis), axis), axis)}; });
}

}  // namespace gradus
