#pragma once

#include <gradus/autograd/engine/arguments.h>

// Over one axis. A mask broadcasts to x; elements where it is false have weight 0 and no gradient. Without any other
// element, softmax gives 0, and logsumexp and log_softmax give -inf with gradient 0. An element of -inf counts as
// hidden, so a row of them is no NaN. logsumexp over an inf is inf, with a gradient of NaN.
namespace gradus {

/// exp(x_i) / Σ exp(x_j)
Tensor softmax(const Tensor& x, Integer axis, const Tensor& mask = {}, Place = Place::current());
/// log(softmax(x)), without overflow.
Tensor log_softmax(const Tensor& x, Integer axis, const Tensor& mask = {}, Place = Place::current());
/// log(Σ exp(x_j)), without overflow. With keepdim, the axis stays with extent 1.
Tensor logsumexp(const Tensor& x, Integer axis, Flag keepdim = false, const Tensor& mask = {},
                 Place = Place::current());

}  // namespace gradus
