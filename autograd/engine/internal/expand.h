#pragma once

#include <gradus/autograd/engine/node.h>

// The recorded pair of broadcasting: the rule of each is the other.
namespace gradus::detail {

/// x repeated to `shape`, to which it must broadcast.
Tensor expand(const OpName& op, const Tensor& x, const Shape& shape);

/// x summed to `shape`, which must broadcast to x's shape.
Tensor sum_to(const OpName& op, const Tensor& x, const Shape& shape);

}  // namespace gradus::detail
