#pragma once

#include <gradus/autograd/engine/tensor.h>

// Over one axis. A mask broadcasts to x; elements where it is false have weight 0 and no gradient. Without any other
// element, softmax gives 0, and logsumexp and log_softmax give -inf with gradient 0.
namespace gradus {

Tensor softmax(const Tensor& x, Index axis, const Tensor& mask = {}, Place = Place::current());
Tensor log_softmax(const Tensor& x, Index axis, const Tensor& mask = {}, Place = Place::current());
Tensor logsumexp(const Tensor& x, Index axis, const Tensor& mask = {}, bool keepdim = false, Place = Place::current());

}  // namespace gradus
