#pragma once

#include <vector>

#include <gradus/autograd/engine/tensor.h>

namespace gradus {

/// Sums over the named axes, which keep the extent 1. Outside the graph. Sums add in one fixed tree; those of
/// i64 wrap around at 2^63.
Tensor sum_axes(const OpName& op, const Tensor& x, const std::vector<bool>& named);
/// The same of x * x, with the bits of sum_axes of the squares. x is f32 or f64.
Tensor sum_squares(const OpName& op, const Tensor& x, const std::vector<bool>& named);

/// Reduces the named axes to the extent 1 outside the graph, one run of neighbouring axes at a time, the last first.
/// `reduce(t, outer, extent, inner, shape)` reduces t, seen as [outer, extent, inner], to [outer, 1, inner] as `shape`.
template <class Reduce>
Tensor reduce_runs(const Tensor& x, const std::vector<bool>& named, Reduce reduce) {
  Tensor y = x.detach();
  Shape shape = x.shape();
  for (Index last = x.rank(); last-- > 0;) {
    if (!named[static_cast<std::size_t>(last)]) continue;
    Index first = last;
    while (first > 0 && named[static_cast<std::size_t>(first - 1)]) --first;
    Index outer = 1, extent = 1, inner = 1;
    for (Index i = 0; i < x.rank(); ++i) (i < first ? outer : i <= last ? extent : inner) *= shape[i];
    for (Index i = first; i <= last; ++i) shape[i] = 1;
    y = reduce(y, outer, extent, inner, shape);
    last = first;
  }
  return y;
}

}  // namespace gradus
