#pragma once

#include <gradus/autograd/engine/arguments.h>

namespace gradus {

/// A copy in another dtype (recorded between floating dtypes); the same tensor if it has that dtype already.
Tensor to(const Tensor& x, DType dtype, Place = Place::current());
/// A copy with its own bytes.
Tensor clone(const Argument& x);

}  // namespace gradus
