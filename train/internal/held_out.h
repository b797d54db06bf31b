#pragma once

#include <gradus/autograd/foundation/internal/fnv1a.h>
#include <gradus/autograd/foundation/random.h>

namespace gradus::train {

/// Whether an example with this hash is among the held-out `share`. Equal examples are held out together, whatever the
/// order and the others.
inline bool is_held_out(const Fnv1a& hash, double share) { return Philox(0, hash.value()).uniform(0) < share; }

}  // namespace gradus::train
