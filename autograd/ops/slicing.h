#pragma once

#include <vector>

#include <gradus/autograd/engine/arguments.h>

namespace gradus {

/// The part [start, start + length) of an axis; of the leading axis, a view.
Tensor narrow(const Tensor& x, Integer axis, Integer start, Integer length, Place = Place::current());
/// narrow of length 1 with the axis removed.
Tensor select(const Tensor& x, Integer axis, Integer index, Place = Place::current());
/// x[begin:end:step] of Python along an axis; ends are clamped. Throws unless step > 0.
Tensor slice(const Tensor& x, Integer axis, Integer begin, Integer end, Integer step = 1, Place = Place::current());
/// Pieces of the size, of which the last may be smaller; or of a list of sizes, which sum to the axis's extent.
std::vector<Tensor> split(const Tensor& x, const Integers& sizes, Integer axis = 0, Place = Place::current());
/// n equal pieces.
std::vector<Tensor> chunk(const Tensor& x, Integer n, Integer axis = 0, Place = Place::current());
/// The slices of an axis, which is removed.
std::vector<Tensor> unbind(const Tensor& x, Integer axis = 0, Place = Place::current());
/// Zeros before and after an axis: the adjoint of narrow.
Tensor pad(const Tensor& x, Integer axis, Integer before, Integer after, Place = Place::current());
/// Reverses the order along each of the axes.
Tensor flip(const Tensor& x, const Axes& axes, Place = Place::current());

}  // namespace gradus
