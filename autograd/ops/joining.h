#pragma once

#include <vector>

#include <gradus/autograd/engine/arguments.h>

namespace gradus {

/// torch.cat: along an axis that all parts have.
Tensor concat(const std::vector<Tensor>& parts, Integer axis = 0, Place = Place::current());
/// Along a new axis; the parts have one shape.
Tensor stack(const std::vector<Tensor>& parts, Integer axis = 0, Place = Place::current());

}  // namespace gradus
