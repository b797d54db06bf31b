#pragma once

#include <gradus/autograd/engine/tensor.h>

// Softmax family, over one axis. Where a mask (broadcast to x) is false an element counts as absent: weight 0 and no
// gradient; with nothing present softmax gives zeros, logsumexp -inf with zero gradient, log_softmax -inf.
namespace gradus {

Tensor softmax(const Tensor& x, Index axis, const Tensor& mask = {}, Place = Place::current());
Tensor log_softmax(const Tensor& x, Index axis, const Tensor& mask = {}, Place = Place::current());
Tensor logsumexp(const Tensor& x, Index axis, const Tensor& mask = {}, bool keepdim = false, Place = Place::current());

}  // namespace gradus
