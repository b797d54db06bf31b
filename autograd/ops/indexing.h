#pragma once

#include <optional>

#include <gradus/autograd/engine/arguments.h>

namespace gradus {

/// Rows of table [rows, dim] at ids [...]: [..., dim]. The row padding_idx, from the end if negative, gets no gradient.
Tensor embedding(const Tensor& table, const Tensor& ids, std::optional<Integer> padding_idx = std::nullopt,
                 Place place = Place::current());
/// 1 at each id, else 0: ids [...] -> i64 [..., num_classes]; -1: as many classes as the largest id needs.
Tensor one_hot(const Tensor& ids, Integer num_classes = -1, Place place = Place::current());
/// x's slices along an axis at index [n].
Tensor index_select(const Tensor& x, Integer axis, const Tensor& index, Place = Place::current());
/// Zeros of the given extent along an axis, with source's slices added at index [n]: the adjoint of index_select.
Tensor index_add(const Tensor& source, Integer axis, const Tensor& index, Integer extent, Place = Place::current());
/// out[i][j] = x[i][index[i][j]] for axis 1, and so on. index has x's rank, and extents <= x's along the other axes.
Tensor gather(const Tensor& x, Integer axis, const Tensor& index, Place = Place::current());
/// x with src at index along axis: out[i][index[i][j]] = src[i][j] for axis 1. Of repeated indices, the last one in
/// order of position counts.
Tensor scatter(const Tensor& x, Integer axis, const Tensor& index, const Operand& src, Place = Place::current());
/// x with src added at index along axis: the adjoint of gather. Repeated indices add, in order of position.
Tensor scatter_add(const Tensor& x, Integer axis, const Tensor& index, const Tensor& src, Place = Place::current());

}  // namespace gradus
