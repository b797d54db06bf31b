#pragma once

#include <gradus/autograd/engine/arguments.h>

// Along one axis, of any dtype. NaN counts as larger than every number.
namespace gradus {

/// `auto [values, indices] = sort(x);` indices are positions along the axis: i64, without gradient.
struct ValuesIndices {
  Tensor values,  ///< elements of x, with gradient
      indices;    ///< i64
};

/// Equal elements keep their order: the sort is always stable.
ValuesIndices sort(const Tensor& x, Integer axis = -1, Flag descending = false, Place = Place::current());
/// The indices of `sort`.
Tensor argsort(const Tensor& x, Integer axis = -1, Flag descending = false, Place = Place::current());
/// The first k of `sort`, in its order: the k largest, descending, or the k smallest, ascending. Throws unless k is in
/// [0, extent].
ValuesIndices topk(const Tensor& x, Integer k, Integer axis = -1, Flag largest = true, Place = Place::current());
/// The largest or smallest element and its index: torch.max(x, dim) and min(x, dim). Of equal elements, the first one
/// gets the whole gradient; `max` and `min` are torch.amax and amin, which share it.
ValuesIndices max_with_indices(const Tensor& x, Integer axis, Flag keepdim = false, Place = Place::current());
ValuesIndices min_with_indices(const Tensor& x, Integer axis, Flag keepdim = false, Place = Place::current());

}  // namespace gradus
