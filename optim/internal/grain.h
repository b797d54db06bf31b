#pragma once

#include <gradus/autograd/foundation/types.h>

namespace gradus::optim {

/// Threads divide work on parameters of at least this many elements.
inline constexpr Index grain = Index{1} << 15;

}  // namespace gradus::optim
