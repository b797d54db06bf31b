#include <gradus/autograd/ops/shape.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

#include <gradus/autograd/engine/broadcast.h>
#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/engine/internal/expand.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops.h>

namespace gradus {

namespace {

constexpr Index copy_grain = Index{1} << 16;

// Copies extents-shaped elements from x, read with the given strides, to row-major out.
template <class T>
void copy_strided(const T* x, const Shape& extents, const std::vector<Index>& strides, T* out) {
  const Index r = extents.rank(), row = r ? extents.back() : 1,
              inner = r ? strides[static_cast<std::size_t>(r - 1)] : 1;
  const Index lines = row ? extents.numel() / row : 0;
  parallel_for(lines, std::max<Index>(1, copy_grain / std::max<Index>(1, row)), [&](Index begin, Index end) {
    for (Index line = begin; line < end; ++line) {
      Index offset = 0, rest = line;
      for (Index d = r - 2; d >= 0; --d) {
        offset += rest % extents[d] * strides[static_cast<std::size_t>(d)];
        rest /= extents[d];
      }
      const T* from = x + offset;
      T* to = out + line * row;
      if (inner == 1) {
        std::copy_n(from, row, to);
      } else {
        for (Index i = 0; i < row; ++i) to[i] = from[i * inner];
      }
    }
  });
}

std::vector<Index> row_major(const Shape& s) {
  std::vector<Index> strides(static_cast<std::size_t>(s.rank()));
  Index stride = 1;
  for (Index i = s.rank(); i-- > 0; stride *= s[i]) strides[static_cast<std::size_t>(i)] = stride;
  return strides;
}

template <class T>
void add_row(Index n, const T* __restrict x, T* __restrict sum) {
  for (Index i = 0; i < n; ++i) sum[i] += x[i];
}

// [outer, extent, inner] blocks between a narrow tensor and a wide one.
template <class T>
void copy_blocks(const T* x, Index outer, Index x_step, T* y, Index y_step, Index count) {
  parallel_for(outer, std::max<Index>(1, copy_grain / std::max<Index>(1, count)), [&](Index begin, Index end) {
    for (Index o = begin; o < end; ++o) std::copy_n(x + o * x_step, count, y + o * y_step);
  });
}

// sum's entries from `start` on along the axis += x, whose values have the shape `slice`.
void add_slice(const Tensor& x, const Shape& slice, Index axis, Index start, Tensor& sum) {
  const AroundAxis from(slice, axis), to(sum.shape(), axis);
  const Index count = from.extent * from.inner;
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* p = x.data<T>();
    T* out = sum.mutable_data<T>() + start * to.inner;
    if (from.outer == 1) {
      parallel_for(count, copy_grain, [&](Index begin, Index end) { add_row(end - begin, p + begin, out + begin); });
      return;
    }
    parallel_for(from.outer, std::max<Index>(1, copy_grain / std::max<Index>(1, count)), [&](Index begin, Index end) {
      for (Index o = begin; o < end; ++o) add_row(count, p + o * count, out + o * to.extent * to.inner);
    });
  });
}

// The parts one after another along the axis of a tensor of the given shape, where part k takes extents[k] entries.
Tensor side_by_side(const std::vector<Tensor>& parts, const std::vector<Index>& extents, const Shape& shape,
                    Index axis) {
  Tensor y = Tensor::empty(shape, parts[0].dtype());
  const AroundAxis a(shape, axis);
  dispatch(y.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* out = y.mutable_data<T>();
    for (std::size_t k = 0; k < parts.size(); ++k) {
      const Index block = extents[k] * a.inner;
      copy_blocks(parts[k].data<T>(), a.outer, block, out, a.extent * a.inner, block);
      out += block;
    }
  });
  return y;
}

// The entries of x from `start` on along the axis, as many as `slice` has there, as a tensor of the given shape.
Tensor slice_of(const OpName& op, const Tensor& x, Index axis, Index start, const Shape& slice, const Shape& shape) {
  const AroundAxis a(x.shape(), axis);
  Tensor y;
  if (a.outer == 1) {
    y = x.alias(shape, start * a.inner);
  } else {
    y = Tensor::empty(shape, x.dtype());
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

Tensor reshape(const Tensor& x, Shape shape, Place place) {
  const OpName op("reshape", place);
  Index known = 1, unknown = -1;
  for (Index i = 0; i < shape.rank(); ++i) {
    if (shape[i] == -1 && unknown < 0) {
      unknown = i;
    } else {
      known *= shape[i];
    }
  }
  const Shape asked = shape;
  if (unknown >= 0) shape[unknown] = known ? x.numel() / known : 0;
  if (shape.numel() != x.numel() || std::any_of(shape.begin(), shape.end(), [](Index e) { return e < 0; }))
    throw Error(fmt::format("reshape: {} cannot become {}: {} elements do not fill it", describe(x), to_string(asked),
                            x.numel()),
                place);
  return record(op, x.alias(shape), {unread(x)},
                [from = x.shape()](const Tensor& dy) { return Grads{reshape(dy, from)}; });
}

Tensor flatten(const Tensor& x, Index first, Index last, Place place) {
  const OpName op("flatten", place);
  if (x.rank() == 0) return reshape(x, {1}, place);
  first = normalise_axis(op, first, x.shape());
  last = normalise_axis(op, last, x.shape());
  if (first > last) throw Error(fmt::format("flatten: first axis {} lies behind the last {}", first, last), place);
  Shape shape;
  Index merged = 1;
  for (Index i = 0; i < x.rank(); ++i) {
    if (i < first || i > last) {
      shape.push_back(x.shape()[i]);
    } else if (merged *= x.shape()[i]; i == last) {
      shape.push_back(merged);
    }
  }
  return reshape(x, shape, place);
}

Tensor squeeze(const Tensor& x, Index axis, Place place) {
  axis = normalise_axis(OpName("squeeze", place), axis, x.shape());
  if (x.shape()[axis] != 1) return x;
  Shape shape = x.shape();
  shape.erase(axis);
  return reshape(x, shape, place);
}

Tensor unsqueeze(const Tensor& x, Index axis, Place place) {
  if (axis < -x.rank() - 1 || axis > x.rank())
    throw Error(fmt::format("unsqueeze: axis {} cannot be added to shape {}, expected one from {} to {}", axis,
                            to_string(x.shape()), -x.rank() - 1, x.rank()),
                place);
  Shape shape = x.shape();
  shape.insert(axis < 0 ? axis + x.rank() + 1 : axis, 1);
  return reshape(x, shape, place);
}

Tensor transpose(const Tensor& x, Index a, Index b, Place place) {
  const OpName op("transpose", place);
  a = normalise_axis(op, a, x.shape());
  b = normalise_axis(op, b, x.shape());
  std::vector<Index> axes(static_cast<std::size_t>(x.rank()));
  for (Index i = 0; i < x.rank(); ++i) axes[static_cast<std::size_t>(i)] = i == a ? b : i == b ? a : i;
  return permute(x, axes, place);
}

Tensor permute(const Tensor& x, const std::vector<Index>& axes, Place place) {
  const OpName op("permute", place);
  if (std::ssize(axes) != x.rank())
    throw Error(
        fmt::format("permute: {} axes for {}, expected each of its {} once", axes.size(), describe(x), x.rank()),
        place);
  normalise_axes(op, axes, x.shape());
  const std::vector<Index> from = row_major(x.shape());
  Shape shape;
  std::vector<Index> strides, inverse(axes.size());
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const Index axis = normalise_axis(op, axes[i], x.shape());
    shape.push_back(x.shape()[axis]);
    strides.push_back(from[static_cast<std::size_t>(axis)]);
    inverse[static_cast<std::size_t>(axis)] = static_cast<Index>(i);
  }
  Tensor y = Tensor::empty(shape, x.dtype());
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    copy_strided(x.data<T>(), shape, strides, y.mutable_data<T>());
  });
  return record(op, y, {unread(x)}, [inverse](const Tensor& dy) { return Grads{permute(dy, inverse)}; });
}

Tensor expand(const Tensor& x, Shape shape, Place place) {
  const OpName op("expand", place);
  for (Index i = 1; i <= shape.rank(); ++i)
    if (shape[-i] == -1 && i <= x.rank()) shape[-i] = x.shape()[-i];
  if (x.rank() > shape.rank() || !(broadcast_shapes(op, x.shape(), shape) == shape))
    throw Error(fmt::format("expand: {} does not expand to {}", describe(x), to_string(shape)), place);
  return detail::expand(op, x, shape);
}

Tensor sum_to(const Tensor& x, const Shape& shape, Place place) {
  if (x.shape() == shape) return x;
  const OpName op("sum_to", place);
  if (shape.rank() > x.rank() || !(broadcast_shapes(op, x.shape(), shape) == x.shape()))
    throw Error(
        fmt::format("sum_to: {} cannot be summed to {}, which does not broadcast to it", describe(x), to_string(shape)),
        place);
  return detail::sum_to(op, x, shape);
}

Tensor narrow(const Tensor& x, Index axis, Index start, Index length, Place place) {
  const OpName op("narrow", place);
  axis = normalise_axis(op, axis, x.shape());
  const Index extent = x.shape()[axis];
  if (start < 0 || length < 0 || start + length > extent)
    throw Error(fmt::format("narrow: [{}, {}) is outside axis {} of {}", start, start + length, axis, describe(x)),
                place);
  Shape shape = x.shape();
  shape[axis] = length;
  return slice_of(op, x, axis, start, shape, shape);
}

Tensor pad(const Tensor& x, Index axis, Index before, Index after, Place place) {
  const OpName op("pad", place);
  axis = normalise_axis(op, axis, x.shape());
  if (before < 0 || after < 0) throw Error(fmt::format("pad: {} and {} must not be negative", before, after), place);
  if (before == 0 && after == 0) return x;
  const Index length = x.shape()[axis];
  Shape shape = x.shape();
  shape[axis] = before + length + after;
  Tensor y = Tensor::zeros(shape, x.dtype());
  const AroundAxis a(shape, axis);
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    copy_blocks(x.data<T>(), a.outer, length * a.inner, y.mutable_data<T>() + before * a.inner, a.extent * a.inner,
                length * a.inner);
  });
  return record(op, y, {unread(x)},
                [axis, before, length](const Tensor& dy) { return Grads{narrow(dy, axis, before, length)}; });
}

Tensor select(const Tensor& x, Index axis, Index index, Place place) {
  const OpName op("select", place);
  axis = normalise_axis(op, axis, x.shape());
  const Index extent = x.shape()[axis];
  if (index < -extent || index >= extent)
    throw Error(fmt::format("select: index {} is outside axis {} of {}", index, axis, describe(x)), place);
  Shape slice = x.shape(), shape = x.shape();
  slice[axis] = 1;
  shape.erase(axis);
  return slice_of(op, x, axis, index < 0 ? index + extent : index, slice, shape);
}

Tensor slice(const Tensor& x, Index axis, Index begin, Index end, Place place) {
  axis = normalise_axis(OpName("slice", place), axis, x.shape());
  const Index n = x.shape()[axis];
  auto clamped = [n](Index i) { return std::clamp<Index>(i < 0 ? i + n : i, 0, n); };
  begin = clamped(begin);
  return narrow(x, axis, begin, std::max<Index>(0, clamped(end) - begin), place);
}

Tensor concat(const std::vector<Tensor>& parts, Index axis, Place place) {
  const OpName op("concat", place);
  if (parts.empty()) throw Error("concat: no tensors were given", place);
  axis = normalise_axis(op, axis, parts[0].shape());
  Shape shape = parts[0].shape();
  shape[axis] = 0;
  std::vector<Index> extents;
  for (const Tensor& p : parts) {
    Shape rest = p.shape();
    if (rest.rank() == shape.rank()) rest[axis] = shape[axis];
    if (!(rest == shape) || p.dtype() != parts[0].dtype())
      throw Error(
          fmt::format("concat: {} does not fit beside {} along axis {}; the other extents and the dtype must be equal",
                      describe(p), describe(parts[0]), axis),
          place);
    extents.push_back(p.shape()[axis]);
    shape[axis] += extents.back();
  }
  const Tensor y = side_by_side(parts, extents, shape, axis);
  std::vector<Input> inputs;
  for (const Tensor& p : parts) inputs.push_back(unread(p));
  return record(op, y, inputs, [axis, extents](const Tensor& dy, Needs needs) {
    Grads grads;
    Index start = 0;
    for (std::size_t k = 0; k < extents.size(); ++k) {
      grads.push_back(needs[static_cast<Index>(k)] ? narrow(dy, axis, start, extents[k]) : Tensor());
      start += extents[k];
    }
    return grads;
  });
}

Tensor stack(const std::vector<Tensor>& parts, Index axis, Place place) {
  const OpName op("stack", place);
  if (parts.empty()) throw Error("stack: no tensors were given", place);
  const Index rank = parts[0].rank();
  if (axis < -rank - 1 || axis > rank)
    throw Error(fmt::format("stack: axis {} cannot be added to shape {}, expected one from {} to {}", axis,
                            to_string(parts[0].shape()), -rank - 1, rank),
                place);
  if (axis < 0) axis += rank + 1;
  for (const Tensor& p : parts)
    if (!(p.shape() == parts[0].shape()) || p.dtype() != parts[0].dtype())
      throw Error(
          fmt::format("stack: {} does not fit on {}; shapes and dtypes must be equal", describe(p), describe(parts[0])),
          place);
  Shape shape = parts[0].shape();
  shape.insert(axis, std::ssize(parts));
  const Tensor y = side_by_side(parts, std::vector<Index>(parts.size(), 1), shape, axis);
  std::vector<Input> inputs;
  for (const Tensor& p : parts) inputs.push_back(unread(p));
  return record(op, y, inputs, [axis, count = std::ssize(parts)](const Tensor& dy, Needs needs) {
    Grads grads;
    for (Index k = 0; k < count; ++k) grads.push_back(needs[k] ? select(dy, axis, k) : Tensor());
    return grads;
  });
}

std::vector<Tensor> split(const Tensor& x, const std::vector<Index>& extents, Index axis, Place place) {
  axis = normalise_axis(OpName("split", place), axis, x.shape());
  Index start = 0;
  for (Index e : extents) start += e;
  if (start != x.shape()[axis])
    throw Error(
        fmt::format("split: extents [{}] do not add up to axis {} of {}", fmt::join(extents, ", "), axis, describe(x)),
        place);
  std::vector<Tensor> parts;
  start = 0;
  for (Index e : extents) {
    parts.push_back(narrow(x, axis, start, e, place));
    start += e;
  }
  return parts;
}

std::vector<Tensor> chunk(const Tensor& x, Index n, Index axis, Place place) {
  axis = normalise_axis(OpName("chunk", place), axis, x.shape());
  if (n <= 0 || x.shape()[axis] % n != 0)
    throw Error(fmt::format("chunk: axis {} of {} does not divide into {} equal pieces", axis, describe(x), n), place);
  return split(x, std::vector<Index>(static_cast<std::size_t>(n), x.shape()[axis] / n), axis, place);
}

std::vector<Tensor> unbind(const Tensor& x, Index axis, Place place) {
  axis = normalise_axis(OpName("unbind", place), axis, x.shape());
  std::vector<Tensor> parts;
  for (Index i = 0; i < x.shape()[axis]; ++i) parts.push_back(select(x, axis, i, place));
  return parts;
}

Tensor flip(const Tensor& x, Index axis, Place place) {
  axis = normalise_axis(OpName("flip", place), axis, x.shape());
  const Index n = x.shape()[axis];
  std::vector<Index> backwards(static_cast<std::size_t>(n));
  for (Index i = 0; i < n; ++i) backwards[static_cast<std::size_t>(i)] = n - 1 - i;
  return index_select(x, axis, Tensor::from(backwards, {n}), place);
}

Tensor to(const Tensor& x, DType dtype, Place place) {
  if (x.dtype() == dtype) return x;
  Tensor y = Tensor::empty(x.shape(), dtype);
  dispatch(x.dtype(), [&](auto from) {
    dispatch(dtype, [&](auto into) {
      const auto* p = x.data<decltype(from)>();
      auto* out = y.mutable_data<decltype(into)>();
      for (Index i = 0; i < x.numel(); ++i) out[i] = static_cast<decltype(into)>(p[i]);
    });
  });
  if (!is_floating(dtype) || !is_floating(x.dtype())) return y;
  return record(OpName("to", place), y, {unread(x)},
                [from = x.dtype()](const Tensor& dy) { return Grads{to(dy, from)}; });
}

Tensor clone(const Tensor& x, Place place) {
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    std::copy_n(x.data<T>(), x.numel(), y.mutable_data<T>());
  });
  return record(OpName("clone", place), y, {unread(x)}, [](const Tensor& dy) { return Grads{dy}; });
}

}  // namespace gradus
