#pragma once

#include <gradus/autograd/engine/tensor.h>

namespace gradus {

/// Rows of table [rows, dim] at ids [...]: [..., dim].
Tensor embedding(const Tensor& table, const Tensor& ids, Place = Place::current());
/// x's slices along an axis at index [n].
Tensor index_select(const Tensor& x, Index axis, const Tensor& index, Place = Place::current());
/// x.scatter_add(axis = as index_select): slices of source [.., n, ..] added into zeros of extent n_out along axis.
Tensor index_add(const Tensor& source, Index axis, const Tensor& index, Index extent, Place = Place::current());
/// out[i][j] = x[i][index[i][j]] for axis 1, and so on; index has x's rank, and other extents <= x's.
Tensor gather(const Tensor& x, Index axis, const Tensor& index, Place = Place::current());
/// x with src added at index along axis, the adjoint of gather. Repeated indices add, in order of position.
Tensor scatter_add(const Tensor& x, Index axis, const Tensor& index, const Tensor& src, Place = Place::current());

}  // namespace gradus
