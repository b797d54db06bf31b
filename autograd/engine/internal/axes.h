#pragma once

#include <vector>

#include <gradus/autograd/engine/record.h>

namespace gradus {

/// The axis in [0, rank); negative axes count from the end. Throws when there is no such axis.
Index normalise_axis(const OpName& op, Index axis, const Shape& shape);

/// Whether the shape is a scalar's; throws when the axis is neither 0 nor -1 then. Ops that leave a scalar as it is
/// accept these axes for it, as PyTorch does.
bool is_scalar_axis(const OpName& op, Index axis, const Shape& shape);

/// Throws unless a tensor can have the shape, which an op is about to make.
void check_shape(const OpName& op, const Shape& shape);

/// Per axis, whether it is in the list; an empty list means all. Throws on repeated and missing axes. A scalar has the
/// axis 0 or -1, and none in the result.
std::vector<bool> normalise_axes(const OpName& op, const std::vector<Index>& axes, const Shape& shape);

/// The shape with the named axes removed, or with the extent 1 if they are kept.
Shape reduced(const Shape& shape, const std::vector<bool>& named, bool keepdim);
/// The product of the extents of the named axes.
Index elements_along(const Shape& shape, const std::vector<bool>& named);

/// The rows of a tensor seen as a matrix: the product of all extents but the last.
inline Index rows_of(const Shape& shape) { return Shape(shape.begin(), shape.end() - 1).numel(); }

/// A shape seen as [outer, extent, inner] around one axis.
struct AroundAxis {
  Index outer = 1, extent = 1, inner = 1;
  AroundAxis(const Shape& shape, Index axis) : extent(shape[axis]) {
    for (Index i = 0; i < axis; ++i) outer *= shape[i];
    for (Index i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  }
};

/// Throws unless the ids are i64 and in [0, bound); names the first bad id and its position.
void check_ids(const OpName& op, const Tensor& ids, Index bound);

/// Throws unless x is floating.
void check_floating(const OpName& op, const Tensor& x);

}  // namespace gradus
