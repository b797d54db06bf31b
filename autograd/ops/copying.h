#pragma once

#include <gradus/autograd/engine/arguments.h>

namespace gradus {

/// A copy in another dtype (recorded between floating dtypes); the same tensor if it has that dtype already. To i64,
/// fractions are cut off; throws for NaN and for numbers that i64 does not hold.
Tensor to(const Tensor& x, DType dtype, Place = Place::current());
/// A copy with its own bytes.
Tensor clone(const Argument& x);

}  // namespace gradus
