#pragma once

#include <vector>

#include <gradus/autograd/engine/record.h>

namespace gradus {

/// An axis in [0, rank), from one that may be negative; throws naming op, axis and shape.
Index normalise_axis(const OpName& op, Index axis, const Shape& shape);

/// Which axes are named (all when the list is empty); throws on repeats and on axes that are not there.
std::vector<bool> normalise_axes(const OpName& op, const std::vector<Index>& axes, const Shape& shape);

/// Rows of a tensor seen as a matrix: the product of all extents but the last.
inline Index rows_of(const Shape& shape) { return Shape(shape.begin(), shape.end() - 1).numel(); }

/// A shape around one axis: elements before it, along it and after it.
struct AroundAxis {
  Index outer = 1, extent = 1, inner = 1;
  AroundAxis(const Shape& shape, Index axis) : extent(shape[axis]) {
    for (Index i = 0; i < axis; ++i) outer *= shape[i];
    for (Index i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  }
};

/// Requires i64 ids in [0, bound), else throws naming the first bad one and its position.
void check_ids(const OpName& op, const Tensor& ids, Index bound);

/// Requires a floating tensor.
void check_floating(const OpName& op, const Tensor& x);

}  // namespace gradus
