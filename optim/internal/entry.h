#pragma once

#include <string>

#include <gradus/optim/state.h>

namespace gradus::optim {

/// The largest number of updates in a state. A double holds it exactly.
inline constexpr Index most_updates = Index{1} << 53;

/// The tensor of that name. Throws an Error, which begins with `owner`, when it is missing or has another shape or
/// dtype.
const Tensor& entry(const State& state, const std::string& name, const Shape& shape, DType dtype, const char* owner);

}  // namespace gradus::optim
