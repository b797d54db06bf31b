#include <gradus/autograd/ops/shape.h>

#include <fmt/format.h>

#include <algorithm>

#include <gradus/autograd/engine/broadcast.h>
#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/engine/internal/expand.h>
#include <gradus/autograd/engine/record.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/internal/blocks.h>
#include <gradus/autograd/ops/reduction.h>

namespace gradus {

namespace {

// The offset of element `position` of a shape, in row-major order, for the given strides.
Index strided_offset(const Shape& extents, const std::vector<Index>& strides, Index position) {
  Index offset = 0;
  for (Index d = extents.rank() - 1; d >= 0; --d) {
    offset += position % extents[d] * strides[static_cast<std::size_t>(d)];
    position /= extents[d];
  }
  return offset;
}

constexpr Index tile = 16;

// y[i * y_step + j] = x[i + j * x_step] for i < rows <= tile and j < columns.
template <class T>
void transpose_rows(const T* x, Index x_step, Index rows, Index columns, T* y, Index y_step) {
  alignas(64) T values[tile][tile];
  Index j = 0;
  if (rows == tile) {
    for (; j + tile <= columns; j += tile) {
      for (Index c = 0; c < tile; ++c)
        for (Index i = 0; i < tile; ++i) values[i][c] = x[i + (j + c) * x_step];
      for (Index i = 0; i < tile; ++i) std::copy_n(values[i], tile, y + i * y_step + j);
    }
  }
  for (Index i = 0; i < rows; ++i)
    for (Index c = j; c < columns; ++c) y[i * y_step + c] = x[i + c * x_step];
}

// Copies elements of x with the given extents and strides to a row-major out. The stride of the axis `near` is 1.
template <class T>
void copy_transposed(const T* x, Shape extents, std::vector<Index> strides, Index near, T* out) {
  const AroundAxis around(extents, near);
  const Index columns = extents.back(), x_step = strides.back(), tiles = (around.extent + tile - 1) / tile,
              y_step = around.inner, planes = around.inner / columns;
  // All axes but these two.
  extents.erase(near);
  extents.erase(extents.rank() - 1);
  strides.erase(strides.begin() + near);
  strides.pop_back();
  parallel_each(around.outer * planes * tiles, grain_of(copy_grain, tile * columns), [&](Index k) {
    const Index first = k % tiles * tile, plane = k / tiles % planes, o = k / (tiles * planes);
    const T* from = x + strided_offset(extents, strides, o * planes + plane) + first;
    T* to = out + (o * around.extent + first) * y_step + plane * columns;
    transpose_rows(from, x_step, std::min(tile, around.extent - first), columns, to, y_step);
  });
}

// Copies elements of x with the given extents and strides to a row-major out.
template <class T>
void copy_strided(const T* x, const Shape& extents, const std::vector<Index>& strides, T* out) {
  if (extents.numel() == 0) return;
  const Index r = extents.rank(), row = r ? extents.back() : 1, inner = r ? strides.back() : 1;
  for (Index d = 0; inner != 1 && d + 1 < r; ++d)
    if (strides[static_cast<std::size_t>(d)] == 1 && extents[d] >= tile)
      return copy_transposed(x, extents, strides, d, out);
  Shape lines = extents;
  std::vector<Index> line_strides = strides;
  if (r) {
    lines.erase(r - 1);
    line_strides.pop_back();
  }
  parallel_each(lines.numel(), grain_of(copy_grain, row), [&](Index line) {
    const T* from = x + strided_offset(lines, line_strides, line);
    T* to = out + line * row;
    if (inner == 1) {
      std::copy_n(from, row, to);
    } else {
      for (Index i = 0; i < row; ++i) to[i] = from[i * inner];
    }
  });
}

std::vector<Index> row_major(const Shape& s) {
  std::vector<Index> strides(static_cast<std::size_t>(s.rank()));
  Index stride = 1;
  for (Index i = s.rank(); i-- > 0; stride *= s[i]) strides[static_cast<std::size_t>(i)] = stride;
  return strides;
}

}  // namespace

Tensor reshape(const Tensor& x, Shape shape, Place place) {
  const OpName op("reshape", place);
  const Shape asked = shape;
  Index* const unknown = std::find(shape.begin(), shape.end(), -1);
  if (unknown != shape.end()) {
    *unknown = 1;
    check_shape(op, shape);
    const Index known = shape.numel();
    if (known == 0) {
      throw Error(fmt::format("reshape: {} cannot become {}: any extent could replace the -1 beside a 0; pass it",
                              describe(x), to_string(asked)),
                  place);
    }
    *unknown = x.numel() / known;
  }
  check_shape(op, shape);
  if (shape.numel() != x.numel()) {
    throw Error(fmt::format("reshape: {} cannot become {}: {} elements do not fill it", describe(x), to_string(asked),
                            x.numel()),
                place);
  }
  return record(op, x.alias(shape), {unread(x)},
                [from = x.shape()](const Tensor& dy) { return Grads{reshape(dy, from)}; });
}

Tensor flatten(const Tensor& x, Integer from, Integer to, Place place) {
  const OpName op("flatten", place);
  if (x.rank() == 0) return reshape(x, {1}, place);
  const Index first = normalise_axis(op, from, x.shape()), last = normalise_axis(op, to, x.shape());
  if (first > last) throw Error(fmt::format("flatten: first axis {} is after the last {}", first, last), place);
  Shape shape;
  Index merged = 1;
  for (Index i = 0; i < x.rank(); ++i) {
    if (i < first || i > last)
      shape.push_back(x.shape()[i]);
    else if (merged *= x.shape()[i]; i == last)
      shape.push_back(merged);
  }
  return reshape(x, shape, place);
}

Tensor squeeze(const Tensor& x, const Axes& axes, Place place) {
  const std::vector<bool> named = normalise_axes(OpName("squeeze", place), axes.list(), x.shape());
  Shape shape;
  for (Index i = 0; i < x.rank(); ++i)
    if (!named[static_cast<std::size_t>(i)] || x.shape()[i] != 1) shape.push_back(x.shape()[i]);
  return shape == x.shape() ? x : reshape(x, shape, place);
}

Tensor unsqueeze(const Tensor& x, Integer dim, Place place) {
  const Index axis = dim + (dim < 0 ? x.rank() + 1 : 0);
  if (axis < 0 || axis > x.rank()) {
    throw Error(fmt::format("unsqueeze: axis {} cannot be added to shape {}, expected one from {} to {}", dim.value(),
                            to_string(x.shape()), -x.rank() - 1, x.rank()),
                place);
  }
  Shape shape = x.shape();
  shape.insert(axis, 1);
  return reshape(x, shape, place);
}

Tensor transpose(const Tensor& x, Integer first, Integer second, Place place) {
  const OpName op("transpose", place);
  if (is_scalar_axis(op, first, x.shape()) && is_scalar_axis(op, second, x.shape())) return x;
  const Index a = normalise_axis(op, first, x.shape()), b = normalise_axis(op, second, x.shape());
  std::vector<Index> axes(static_cast<std::size_t>(x.rank()));
  for (Index i = 0; i < x.rank(); ++i) axes[static_cast<std::size_t>(i)] = i == a ? b : i == b ? a : i;
  return permute(x, axes, place);
}

Tensor permute(const Tensor& x, const Axes& order, Place place) {
  const OpName op("permute", place);
  const std::vector<Index>& axes = order.list();
  if (std::ssize(axes) != x.rank()) {
    throw Error(
        fmt::format("permute: {} axes for {}, expected each of its {} once", axes.size(), describe(x), x.rank()),
        place);
  }
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
  Tensor y = Tensor::empty(op, shape, x.dtype());
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    copy_strided(x.data<T>(), shape, strides, y.mutable_data<T>());
  });
  return record(op, y, {unread(x)}, [inverse](const Tensor& dy) { return Grads{permute(dy, inverse)}; });
}

Tensor movedim(const Tensor& x, const Axes& from, const Axes& to, Place place) {
  const OpName op("movedim", place);
  const std::size_t count = from.list().size();
  if (count != to.list().size()) {
    throw Error(
        fmt::format("movedim: {} axes to {} positions, expected one position per axis", count, to.list().size()),
        place);
  }
  const std::vector<bool> moves = normalise_axes(op, from.list(), x.shape());
  normalise_axes(op, to.list(), x.shape());
  if (count == 0 || x.rank() == 0) return x;
  std::vector<Index> order(static_cast<std::size_t>(x.rank()), -1);
  for (std::size_t i = 0; i < count; ++i) {
    const Index position = normalise_axis(op, to.list()[i], x.shape());
    order[static_cast<std::size_t>(position)] = normalise_axis(op, from.list()[i], x.shape());
  }
  Index next = 0;
  for (Index& axis : order) {
    if (axis >= 0) continue;
    while (moves[static_cast<std::size_t>(next)]) ++next;
    axis = next++;
  }
  return permute(x, order, place);
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
  if (shape.rank() > x.rank() || !(broadcast_shapes(op, x.shape(), shape) == x.shape())) {
    throw Error(
        fmt::format("sum_to: {} cannot be summed to {}, which does not broadcast to it", describe(x), to_string(shape)),
        place);
  }
  return detail::sum_to(op, x, shape);
}

}  // namespace gradus
