#pragma once

#include <gradus/autograd/engine/arguments.h>

// Division rounded down, as in Python, of any dtype. Division of i64 by 0 throws; INT64_MIN / -1 wraps around.
namespace gradus {

/// floor(a / b); the gradient is 0.
Tensor floor_divide(const Operand& a, const Operand& b);
/// a - b floor(a / b), which has the sign of b.
Tensor remainder(const Operand& a, const Operand& b);

/// remainder(a, b)
inline Tensor operator%(const Operand& a, const Operand& b) { return remainder(a, b); }

}  // namespace gradus
