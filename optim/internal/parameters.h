#pragma once

#include <string>
#include <vector>

#include <gradus/autograd/engine/tensor.h>

namespace gradus::optim {

/// Throws an Error, which begins with `owner`, when two of the tensors overlap in memory, or one is listed twice.
void check_apart(const char* owner, const std::vector<Tensor>& tensors);

/// The names of parameters in a state: their own, or else their positions ("2"). Throws an Error, which begins with
/// `owner`, unless all are leaves of f32 or f64, of different names, and apart as check_apart wants.
std::vector<std::string> checked_names(const char* owner, const std::vector<Tensor>& parameters);

}  // namespace gradus::optim
