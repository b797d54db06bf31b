#pragma once

#include <gradus/autograd/engine/arguments.h>

// Over one axis. A mask broadcasts to x; elements where it is false have weight 0 and no gradient. Without any other
// element, softmax gives 0, and logsumexp and log_softmax give -inf with gradient 0. An element of -inf counts as
// hidden, so a row of them is no NaN. logsumexp over an inf is inf, with a gradient of NaN.
namespace gradus {

Tensor softmax(const Tensor& x, Integer axis, const Tensor& mask = {}, Place = Place::current());
Tensor log_softmax(const Tensor& x, Integer axis, const Tensor& mask = {}, Place = Place::current());
Tensor logsumexp(const Tensor& x, Integer axis, Flag keepdim = false, const Tensor& mask = {},
                 Place = Place::current());

}  // namespace gradus
