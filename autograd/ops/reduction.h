#pragma once

#include <optional>

#include <gradus/autograd/engine/arguments.h>

// Over the given axes, or over all if none is given. Sums add in a fixed tree; trailing zeros do not change their bits.
// All but mean and var are also for i64, whose sums wrap around at 2^63.
namespace gradus {

/// The sum or the mean. With keepdim, the axes stay with extent 1.
Tensor sum(const Tensor& x, const Axes& axes = {}, Flag keepdim = false, Place = Place::current());
Tensor mean(const Tensor& x, const Axes& axes = {}, Flag keepdim = false, Place = Place::current());
/// Divides by n - correction.
Tensor var(const Tensor& x, const Axes& axes = {}, Integer correction = 1, Flag keepdim = false,
           Place = Place::current());
/// Like torch.amax and amin: equal maxima share the gradient evenly. NaN wins.
Tensor max(const Tensor& x, const Axes& axes = {}, Flag keepdim = false, Place = Place::current());
Tensor min(const Tensor& x, const Axes& axes = {}, Flag keepdim = false, Place = Place::current());
/// The position of the first maximum or minimum along an axis, or among all elements in row-major order: i64, no
/// gradient. NaN wins.
Tensor argmax(const Tensor& x, std::optional<Integer> axis = {}, Flag keepdim = false, Place = Place::current());
Tensor argmin(const Tensor& x, std::optional<Integer> axis = {}, Flag keepdim = false, Place = Place::current());
/// Masks: whether any, or every, element is not 0.
Tensor any(const Tensor& x, const Axes& axes = {}, Flag keepdim = false, Place = Place::current());
Tensor all(const Tensor& x, const Axes& axes = {}, Flag keepdim = false, Place = Place::current());
/// i64
Tensor count_nonzero(const Tensor& x, const Axes& axes = {}, Place = Place::current());
/// Element i is the sum of the elements 0 to i of the axis.
Tensor cumsum(const Tensor& x, Integer axis, Place = Place::current());

}  // namespace gradus
