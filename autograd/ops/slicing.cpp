#include <gradus/autograd/ops/slicing.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <new>

#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/engine/record.h>
#include <gradus/autograd/foundation/internal/row_sums.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/foundation/sizes.h>
#include <gradus/autograd/ops/indexing.h>
#include <gradus/autograd/ops/internal/blocks.h>
#include <gradus/autograd/ops/shape.h>

namespace gradus {

namespace {

// Adds x, in the shape `slice`, to the entries of sum from `start` on along the axis.
void add_slice(const Tensor& x, const Shape& slice, Index axis, Index start, Tensor& sum) {
  const AroundAxis from(slice, axis), to(sum.shape(), axis);
  const Index count = from.extent * from.inner;
  if (count == 0) return;
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* p = x.data<T>();
    T* out = sum.mutable_data<T>() + start * to.inner;
    if (from.outer == 1) {
      parallel_for(count, copy_grain, [&](Index begin, Index end) { add_row(end - begin, p + begin, out + begin); });
      return;
    }
    parallel_each(from.outer, grain_of(copy_grain, count),
                  [&](Index o) { add_row(count, p + o * count, out + o * to.extent * to.inner); });
  });
}

// The part of x of shape `slice` that begins at `start` along the axis, as a tensor of the given shape.
Tensor slice_of(const OpName& op, const Tensor& x, Index axis, Index start, const Shape& slice, const Shape& shape) {
  const AroundAxis a(x.shape(), axis);
  Tensor y;
  if (a.outer == 1) {
    y = x.alias(shape, start * a.inner);
  } else {
    y = Tensor::empty(op, shape, x.dtype());
    dispatch(x.dtype(), [&](auto zero) {
      using T = decltype(zero);
      const Index count = slice[axis] * a.inner;
      copy_blocks(x.data<T>() + start * a.inner, a.outer, a.extent * a.inner, y.mutable_data<T>(), count, count);
    });
  }
  return record(op, y, {unread(x)}, [axis, start, slice, extent = a.extent](const Tensor& dy) {
    if (grad_enabled()) return Grads{pad(reshape(dy, slice), axis, start, extent - start - slice[axis])};
    return Grads{Gradient::added([dy, axis, start, slice](Tensor& sum) { add_slice(dy, slice, axis, start, sum); })};
  });
}

}  // namespace

Tensor narrow(const Tensor& x, Integer dim, Integer first, Integer count, Place place) {
  const OpName op("narrow", place);
  const Index axis = normalise_axis(op, dim, x.shape()), start = first, length = count, extent = x.shape()[axis];
  if (start < 0 || length < 0 || start > extent || length > extent - start) {
    throw Error(
        fmt::format("narrow: start {} and length {} are outside axis {} of {}", start, length, axis, describe(x)),
        place);
  }
  Shape shape = x.shape();
  shape[axis] = length;
  return slice_of(op, x, axis, start, shape, shape);
}

Tensor select(const Tensor& x, Integer dim, Integer position, Place place) {
  const OpName op("select", place);
  const Index axis = normalise_axis(op, dim, x.shape()), index = position, extent = x.shape()[axis];
  if (index < -extent || index >= extent)
    throw Error(fmt::format("select: index {} is outside axis {} of {}", index, axis, describe(x)), place);
  Shape slice = x.shape(), shape = x.shape();
  slice[axis] = 1;
  shape.erase(axis);
  return slice_of(op, x, axis, index < 0 ? index + extent : index, slice, shape);
}

Tensor Tensor::operator[](Integer index) const { return select(*this, 0, index, index.place()); }

Tensor slice(const Tensor& x, Integer dim, Integer from, Integer to, Integer step, Place place) {
  const OpName op("slice", place);
  const Index axis = normalise_axis(op, dim, x.shape()), n = x.shape()[axis];
  if (step < 1) throw Error(fmt::format("slice: the step is {}, expected 1 or more", step.value()), place);
  const auto clamped = [n](Index i) { return std::clamp<Index>(i < 0 ? i + n : i, 0, n); };
  const Index begin = clamped(from), length = std::max<Index>(0, clamped(to) - begin);
  if (step == 1) return narrow(x, axis, begin, length, place);
  if (x.numel() == 0) return narrow(x, axis, begin, length / step + (length % step != 0), place);
  std::vector<Index> at;
  for (Index i = 0; i < length; i += std::min<Index>(step, n)) at.push_back(begin + i);
  return index_select(x, axis, Tensor::from(at, {std::ssize(at)}), place);
}

namespace {

/// An empty list with room for the pieces of x.
std::vector<Tensor> list_of(const OpName& op, Index pieces, const Tensor& x) {
  constexpr std::size_t addressable = std::size_t{1} << 46;  // bytes
  const std::size_t bytes = static_cast<std::size_t>(pieces) * sizeof(Tensor);
  const auto refuse = [&] {
    throw OutOfMemory(fmt::format("a list of {} pieces of {}", pieces, describe(x)), bytes, op.name, op.place);
  };
  if (bytes > addressable) refuse();
  std::vector<Tensor> list;
  try {
    list.reserve(static_cast<std::size_t>(pieces));
  } catch (const std::bad_alloc&) {
    refuse();
  }
  return list;
}

/// `count` pieces of the size in sequence along an axis; the last one may be smaller.
std::vector<Tensor> pieces_of(const OpName& op, const Tensor& x, Index axis, Index count, Index size) {
  const Index n = x.shape()[axis];
  std::vector<Tensor> pieces = list_of(op, count, x);
  for (Index k = 0; k < count; ++k) pieces.push_back(narrow(x, axis, k * size, std::min(size, n - k * size), op.place));
  return pieces;
}

}  // namespace

std::vector<Tensor> split(const Tensor& x, const Integers& sizes, Integer dim, Place place) {
  const OpName op("split", place);
  const Index axis = normalise_axis(op, dim, x.shape());
  const std::vector<Index>& extents = sizes.list();
  Index rest = x.shape()[axis];
  if (sizes.is_one()) {
    if (extents[0] < 1) throw Error(fmt::format("split: the size is {}, expected 1 or more", extents[0]), place);
    const Index size = extents[0];
    return pieces_of(op, x, axis, std::max<Index>(1, rest / size + (rest % size != 0)), size);
  }
  const bool inside = std::all_of(extents.begin(), extents.end(), [&](Index e) {
    if (e < 0 || e > rest) return false;
    rest -= e;
    return true;
  });
  if (!inside || rest != 0) {
    throw Error(
        fmt::format("split: extents [{}] do not add up to axis {} of {}", fmt::join(extents, ", "), axis, describe(x)),
        place);
  }
  std::vector<Tensor> parts;
  Index start = 0;
  for (Index e : extents) {
    parts.push_back(narrow(x, axis, start, e, place));
    start += e;
  }
  return parts;
}

std::vector<Tensor> chunk(const Tensor& x, Integer pieces, Integer dim, Place place) {
  const OpName op("chunk", place);
  const Index n = pieces, axis = normalise_axis(op, dim, x.shape());
  if (n <= 0 || x.shape()[axis] % n != 0)
    throw Error(fmt::format("chunk: axis {} of {} does not divide into {} equal pieces", axis, describe(x), n), place);
  return pieces_of(op, x, axis, n, x.shape()[axis] / n);
}

std::vector<Tensor> unbind(const Tensor& x, Integer dim, Place place) {
  const OpName op("unbind", place);
  const Index axis = normalise_axis(op, dim, x.shape());
  std::vector<Tensor> parts = list_of(op, x.shape()[axis], x);
  for (Index i = 0; i < x.shape()[axis]; ++i) parts.push_back(select(x, axis, i, place));
  return parts;
}

Tensor pad(const Tensor& x, Integer dim, Integer ahead, Integer behind, Place place) {
  const OpName op("pad", place);
  const Index axis = normalise_axis(op, dim, x.shape()), before = ahead, after = behind;
  if (before < 0 || after < 0) throw Error(fmt::format("pad: {} and {} must not be negative", before, after), place);
  if (before == 0 && after == 0) return x;
  const Index length = x.shape()[axis];
  Shape shape = x.shape();
  shape[axis] = add_sat(add_sat(before, length), after);
  check_shape(op, shape);
  Tensor y = Tensor::zeros(op, shape, x.dtype());
  const AroundAxis a(shape, axis);
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    copy_blocks(x.data<T>(), a.outer, length * a.inner, y.mutable_data<T>() + before * a.inner, a.extent * a.inner,
                length * a.inner);
  });
  return record(op, y, {unread(x)},
                [axis, before, length](const Tensor& dy) { return Grads{narrow(dy, axis, before, length)}; });
}

namespace {

Tensor flipped(const OpName& op, const Tensor& x, Index axis) {
  Tensor y = Tensor::empty(op, x.shape(), x.dtype());
  const AroundAxis a(x.shape(), axis);
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    parallel_for(a.outer * a.extent, grain_of(copy_grain, a.inner), [&](Index begin, Index end) {
      for (Index entry = begin, stop; entry < end; entry = stop) {
        const Index o = entry / a.extent, count = std::min(end, (o + 1) * a.extent) - entry;
        const T* source = from + ((2 * o + 1) * a.extent - 1 - entry) * a.inner;
        T* out = to + entry * a.inner;
        stop = entry + count;
        if (a.inner == 1)
          for (Index k = 0; k < count; ++k) out[k] = source[-k];
        else
          for (Index k = 0; k < count; ++k) std::copy_n(source - k * a.inner, a.inner, out + k * a.inner);
      }
    });
  });
  return record(op, y, {unread(x)}, [op, axis](const Tensor& dy) { return Grads{flipped(op, dy, axis)}; });
}

}  // namespace

Tensor flip(const Tensor& x, const Axes& axes, Place place) {
  if (axes.empty()) return x;
  const OpName op("flip", place);
  const std::vector<bool> named = normalise_axes(op, axes.list(), x.shape());
  if (x.numel() == 0) return x;
  Tensor y = x;
  for (Index axis = 0; axis < x.rank(); ++axis)
    if (named[static_cast<std::size_t>(axis)]) y = flipped(op, y, axis);
  return y;
}

}  // namespace gradus
