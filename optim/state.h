#pragma once

#include <map>
#include <string>

#include <gradus/autograd/engine/tensor.h>

namespace gradus::optim {

/// Tensors by name that must be saved so that training continues with the same bits.
using State = std::map<std::string, Tensor>;

}  // namespace gradus::optim
