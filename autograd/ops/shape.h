#pragma once

#include <vector>

#include <gradus/autograd/engine/tensor.h>

namespace gradus {

/// Shares the values. One extent may be -1.
Tensor reshape(const Tensor& x, Shape shape, Place = Place::current());
/// Merges the axes first..last into one. Shares the values.
Tensor flatten(const Tensor& x, Index first = 0, Index last = -1, Place = Place::current());
Tensor squeeze(const Tensor& x, Index axis, Place = Place::current());
Tensor unsqueeze(const Tensor& x, Index axis, Place = Place::current());
Tensor transpose(const Tensor& x, Index a = -2, Index b = -1, Place = Place::current());
Tensor permute(const Tensor& x, const std::vector<Index>& axes, Place = Place::current());
/// Repeats axes of extent 1 (and new leading ones) up to `shape`; -1 keeps an extent. Copies.
Tensor expand(const Tensor& x, Shape shape, Place = Place::current());
/// Sums over the axes along which `shape` broadcasts to x's: the adjoint of expand.
Tensor sum_to(const Tensor& x, const Shape& shape, Place = Place::current());
/// The part [start, start + length) of an axis; of the leading one, a view.
Tensor narrow(const Tensor& x, Index axis, Index start, Index length, Place = Place::current());
/// narrow of length 1 with the axis removed.
Tensor select(const Tensor& x, Index axis, Index index, Place = Place::current());
/// Like x[begin:end] in Python along an axis, clamped ends and all (step 1).
Tensor slice(const Tensor& x, Index axis, Index begin, Index end, Place = Place::current());
Tensor concat(const std::vector<Tensor>& parts, Index axis, Place = Place::current());  // torch.cat
Tensor stack(const std::vector<Tensor>& parts, Index axis = 0, Place = Place::current());
/// Pieces of the given extents, which add up to the axis.
std::vector<Tensor> split(const Tensor& x, const std::vector<Index>& extents, Index axis, Place = Place::current());
/// n equal pieces.
std::vector<Tensor> chunk(const Tensor& x, Index n, Index axis, Place = Place::current());
/// Removes an axis: its n slices.
std::vector<Tensor> unbind(const Tensor& x, Index axis = 0, Place = Place::current());
/// Zeros before and after an axis; the adjoint of narrow.
Tensor pad(const Tensor& x, Index axis, Index before, Index after, Place = Place::current());
Tensor flip(const Tensor& x, Index axis, Place = Place::current());
/// A copy in another dtype (recorded between floating dtypes); the same tensor when it has that dtype already.
Tensor to(const Tensor& x, DType dtype, Place = Place::current());
/// A copy with its own bytes.
Tensor clone(const Tensor& x, Place = Place::current());

}  // namespace gradus
