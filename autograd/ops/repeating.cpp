#include <gradus/autograd/ops/repeating.h>

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/engine/record.h>
#include <gradus/autograd/ops/internal/blocks.h>
#include <gradus/autograd/ops/shape.h>

namespace gradus {

namespace {

// Each row of x, seen as [rows, length], `count` times in sequence. Multiplies the extent of `axis`.
Tensor repeated(const OpName& op, const Tensor& x, Index rows, Index length, Index axis, Index count) {
  if (count < 0) throw Error(fmt::format("{}: the count {} must not be negative", op.name, count), op.place);
  if (count == 1) return x;
  Shape shape = x.shape();
  if (shape[axis] > 0 && count > std::numeric_limits<Index>::max() / shape[axis]) {
    throw Error(fmt::format("{}: {} copies of axis {} of {} have more than 2^63 - 1 elements", op.name, count, axis,
                            describe(x)),
                op.place);
  }
  shape[axis] *= count;
  return reshape(expand(reshape(x, {rows, 1, length}, op.place), {rows, count, length}, op.place), shape, op.place);
}

Tensor repeated_axes(const OpName& op, const Tensor& x, const std::vector<Index>& counts) {
  Shape shape = x.shape();
  while (shape.rank() < std::ssize(counts)) shape.insert(0, 1);
  Tensor y = reshape(x, shape, op.place);
  for (Index axis = 0; axis < shape.rank(); ++axis) {
    const AroundAxis a(y.shape(), axis);
    y = repeated(op, y, a.outer, a.extent * a.inner, axis, counts[static_cast<std::size_t>(axis)]);
  }
  return y;
}

// The elements moved `shift` places along the axis, from 1 to its extent - 1; the last ones come first.
Tensor rolled(const OpName& op, const Tensor& x, Index axis, Index shift) {
  const AroundAxis a(x.shape(), axis);
  Tensor y = Tensor::empty(op, x.shape(), x.dtype());
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const Index slice = a.extent * a.inner, moved = shift * a.inner;
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    copy_blocks(from, a.outer, slice, to + moved, slice, slice - moved);
    copy_blocks(from + slice - moved, a.outer, slice, to, slice, moved);
  });
  return record(op, y, {unread(x)},
                [op, axis, back = a.extent - shift](const Tensor& dy) { return Grads{rolled(op, dy, axis, back)}; });
}

}  // namespace

Tensor repeat(const Tensor& x, const Integers& counts, Place place) {
  const std::size_t given = counts.list().size();
  if (static_cast<Index>(given) < x.rank()) {
    throw Error(fmt::format("repeat: {} counts for {}, expected one per axis; tile takes fewer", given, describe(x)),
                place);
  }
  return repeated_axes({"repeat", place}, x, counts.list());
}

Tensor tile(const Tensor& x, const Integers& counts, Place place) {
  std::vector<Index> all = counts.list();
  while (std::ssize(all) < x.rank()) all.insert(all.begin(), 1);
  return repeated_axes({"tile", place}, x, all);
}

Tensor repeat_interleave(const Tensor& x, Integer count, const Axes& axis, Place place) {
  const OpName op("repeat_interleave", place);
  if (axis.list().size() > 1) {
    throw Error(fmt::format("repeat_interleave: {} axes were given, expected one or none", axis.list().size()), place);
  }
  if (axis.empty()) return repeat_interleave(reshape(x, {x.numel()}, place), count, 0, place);
  const Index at = normalise_axis(op, axis.list()[0], x.shape());
  const AroundAxis a(x.shape(), at);
  return repeated(op, x, a.outer * a.extent, a.inner, at, count);
}

Tensor roll(const Tensor& x, const Integers& shifts, const Axes& axes, Place place) {
  const OpName op("roll", place);
  const std::vector<Index>& by = shifts.list();
  if (by.size() != std::max<std::size_t>(1, axes.list().size())) {
    throw Error(fmt::format("roll: {} shifts for {} axes, expected one per axis, or one shift and no axis", by.size(),
                            axes.list().size()),
                place);
  }
  if (axes.empty()) return reshape(roll(reshape(x, {x.numel()}, place), shifts, 0, place), x.shape(), place);
  Tensor y = x;
  for (std::size_t i = 0; i < by.size(); ++i) {
    const Index axis = normalise_axis(op, axes.list()[i], x.shape()), n = x.shape()[axis];
    if (x.numel() == 0) continue;
    const Index shift = (by[i] % n + n) % n;
    if (shift != 0) y = rolled(op, y, axis, shift);
  }
  return y;
}

}  // namespace gradus
