#pragma once

#include <functional>
#include <vector>

#include <gradus/autograd/engine/gradient.h>

namespace gradus {

/// A pure function of its inputs and of the tensors that it captures.
using TensorFunction = std::function<Tensor(const std::vector<Tensor>&)>;

/// Gradient checkpointing (Chen et al. 2016): computes f(inputs) and keeps none of its intermediate values. Backward
/// runs f again, with the same random numbers and in the same mode (nn::Training). Overwriting a tensor that an op in f
/// read is an error until then. Throws for an empty function.
Tensor checkpoint(const TensorFunction& f, const std::vector<Tensor>& inputs, Place place = Place::current());

/// For the rule of a fused op: d f(inputs) / d inputs times dy for the inputs that it needs, where f computes the op in
/// plain ops. The gradients are recorded while grad_enabled().
Grads gradients_through(const TensorFunction& f, const std::vector<Tensor>& inputs, const Tensor& dy, Needs needs);

}  // namespace gradus
