#include <gradus/autograd/ops/reduction.h>

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/engine/internal/sum_axes.h>
#include <gradus/autograd/foundation/internal/lanes.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/comparison.h>
#include <gradus/autograd/ops/copying.h>
#include <gradus/autograd/ops/shape.h>
#include <gradus/autograd/ops/slicing.h>

namespace gradus {

namespace {

Shape reduced(const Shape& shape, const std::vector<bool>& named, bool keepdim) {
  Shape out;
  for (Index i = 0; i < shape.rank(); ++i) {
    if (!named[static_cast<std::size_t>(i)])
      out.push_back(shape[i]);
    else if (keepdim)
      out.push_back(1);
  }
  return out;
}

Index elements(const Shape& shape, const std::vector<bool>& named) {
  Index n = 1;
  for (Index i = 0; i < shape.rank(); ++i)
    if (named[static_cast<std::size_t>(i)]) n *= shape[i];
  return n;
}

}  // namespace

Tensor sum(const Tensor& x, const Axes& axes, Flag keepdim, Place place) {
  const OpName op("sum", place);
  check_floating(op, x);
  const std::vector<bool> named = normalise_axes(op, axes.list(), x.shape());
  const Tensor y = sum_axes(x, named);
  const Shape kept = reduced(x.shape(), named, true);
  Tensor value = y.alias(reduced(x.shape(), named, keepdim));
  if (value.storage() == x.storage()) value = clone(value);
  return record(op, value, {unread(x)},
                [kept, from = x.shape()](const Tensor& dy) { return Grads{expand(reshape(dy, kept), from)}; });
}

Tensor mean(const Tensor& x, const Axes& axes, Flag keepdim, Place place) {
  const Index n = elements(x.shape(), normalise_axes(OpName("mean", place), axes.list(), x.shape()));
  return mul({sum(x, axes, keepdim, place), place}, 1.0 / static_cast<double>(n));
}

Tensor var(const Tensor& x, const Axes& axes, Integer correction, Flag keepdim, Place place) {
  const Index n = elements(x.shape(), normalise_axes(OpName("var", place), axes.list(), x.shape()));
  const Tensor centred = sub({x, place}, mean(x, axes, true, place));
  const double divisor = static_cast<double>(std::max<Index>(0, n - correction));
  return mul({sum(square({centred, place}), axes, keepdim, place), place}, 1.0 / divisor);
}

namespace {

Tensor extreme(const OpName& op, const Tensor& x, const Axes& axes, bool keepdim, bool largest) {
  check_floating(op, x);
  const std::vector<bool> named = normalise_axes(op, axes.list(), x.shape());
  if (elements(x.shape(), named) == 0) {
    throw Error(
        fmt::format("{}: {} has no elements along the reduced axes, so there is no {}", op.name, describe(x), op.name),
        op.place);
  }
  const Tensor y =
      reduce_runs(x, named, [largest](const Tensor& t, Index outer, Index extent, Index inner, const Shape& shape) {
        Tensor out = Tensor::empty(shape, t.dtype());
        dispatch_floating(t.dtype(), [&](auto zero) {
          using T = decltype(zero);
          const T* p = t.data<T>();
          T* to = out.mutable_data<T>();
          for (Index o = 0; o < outer; ++o) {
            for (Index i = 0; i < inner; ++i) {
              T best = p[o * extent * inner + i];
              for (Index e = 1; e < extent; ++e) {
                const T v = p[(o * extent + e) * inner + i];
                best = v != v || (largest ? v > best : v < best) ? v : best;
              }
              to[o * inner + i] = best;
            }
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

Tensor max(const Tensor& x, const Axes& axes, Flag keepdim, Place place) {
  return extreme(OpName("max", place), x, axes, keepdim, true);
}

Tensor min(const Tensor& x, const Axes& axes, Flag keepdim, Place place) {
  return extreme(OpName("min", place), x, axes, keepdim, false);
}

Tensor argmax(const Tensor& x, std::optional<Integer> dim, Flag keepdim, Place place) {
  const OpName op("argmax", place);
  if (!dim) {
    const Tensor first = argmax(reshape(x.detach(), {-1}, place), 0, false, place);
    return keepdim ? reshape(first, reduced(x.shape(), normalise_axes(op, {}, x.shape()), true), place) : first;
  }
  const Index axis = normalise_axis(op, *dim, x.shape());
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
    for (Index o = 0; o < a.outer; ++o) {
      for (Index i = 0; i < a.inner; ++i) {
        Index best = 0;
        for (Index e = 1; e < a.extent; ++e) {
          const T v = p[(o * a.extent + e) * a.inner + i], b = p[(o * a.extent + best) * a.inner + i];
          if (b == b && (v > b || v != v)) best = e;
        }
        out[o * a.inner + i] = best;
      }
    }
  });
  return y;
}

Tensor cumsum(const Tensor& x, Integer dim, Place place) {
  const OpName op("cumsum", place);
  check_floating(op, x);
  const Index axis = normalise_axis(op, dim, x.shape());
  const AroundAxis a(x.shape(), axis);
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* p = x.data<T>();
    T* out = y.mutable_data<T>();
    for (Index o = 0; o < a.outer; ++o) {
      for (Index e = 0; e < a.extent; ++e) {
        for (Index i = 0; i < a.inner; ++i) {
          const Index k = (o * a.extent + e) * a.inner + i;
          out[k] = p[k] + (e ? out[k - a.inner] : T(0));
        }
      }
    }
  });
  return record(op, y, {unread(x)},
                [axis](const Tensor& dy) { return Grads{flip(cumsum(flip(dy, axis), axis), axis)}; });
}

}  // namespace gradus
