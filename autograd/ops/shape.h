#pragma once

#include <vector>

#include <gradus/autograd/engine/arguments.h>

namespace gradus {

/// Shares the values. One extent may be -1.
Tensor reshape(const Tensor& x, Shape shape, Place = Place::current());
/// Merges the axes first..last into one. Shares the values.
Tensor flatten(const Tensor& x, Integer first = 0, Integer last = -1, Place = Place::current());
/// Removes those of the axes that have extent 1; without axes, all that have.
Tensor squeeze(const Tensor& x, const Axes& axes = {}, Place = Place::current());
/// Inserts an axis of extent 1, which is `axis` of the result. Shares the values.
Tensor unsqueeze(const Tensor& x, Integer axis, Place = Place::current());
/// Exchanges two axes. Copies.
Tensor transpose(const Tensor& x, Integer a = -2, Integer b = -1, Place = Place::current());
/// Axis i of the result is axis axes[i] of x. Copies.
Tensor permute(const Tensor& x, const Axes& axes, Place = Place::current());
/// Moves the axes `from` to the positions `to`; the others keep their order.
Tensor movedim(const Tensor& x, const Axes& from, const Axes& to, Place = Place::current());
/// Repeats axes of extent 1 (and new leading ones) up to `shape`; -1 keeps an extent. Copies.
Tensor expand(const Tensor& x, Shape shape, Place = Place::current());
/// Sums over the axes along which `shape` broadcasts to x's shape: the adjoint of expand.
Tensor sum_to(const Tensor& x, const Shape& shape, Place = Place::current());

}  // namespace gradus
