#pragma once

#include <functional>
#include <vector>

#include <gradus/autograd/engine/graph.h>

namespace gradus {

/// For fused ops, whose rule is a kernel: when the gradient must itself be differentiable, it is taken through the same
/// function written in plain ops. Returns d plain(inputs) / d inputs times dy, for the inputs that need it.
Grads gradients_through(const std::function<Tensor(const std::vector<Tensor>&)>& plain,
                        const std::vector<Tensor>& inputs, const Tensor& dy, Needs needs);

}  // namespace gradus
