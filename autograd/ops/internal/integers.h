#pragma once

#include <vector>

#include <gradus/autograd/engine/arguments.h>
#include <gradus/autograd/engine/broadcast.h>
#include <gradus/autograd/engine/record.h>
#include <gradus/autograd/ops/internal/elementwise.h>

// Arithmetic of i64, which is never recorded.
namespace gradus {

/// Whether the operands are integers: tensors of i64, or a tensor of i64 and an integer.
inline bool are_integers(const Operand& a, const Operand& b) {
  const auto is_integer = [](const Operand& o) {
    return o.is_number() ? o.number().is_integer() : o.tensor().dtype() == DType::i64;
  };
  return !(a.is_number() && b.is_number()) && is_integer(a) && is_integer(b);
}

/// An integer operand as a tensor.
inline Tensor integer_tensor(const Operand& o) {
  return o.is_number() ? Tensor::from(std::vector<Index>{o.number().integer()}, {}) : o.tensor();
}

/// f of each pair of elements of integer operands, broadcast.
template <class F>
Tensor map_integers(const OpName& op, const Operand& a, const Operand& b, F f) {
  const Tensor x = integer_tensor(a), y = integer_tensor(b);
  Tensor out = Tensor::empty(op, broadcast_shapes(op, x.shape(), y.shape()), DType::i64);
  map_pairs<Index, Index>(x, y, out, f);
  return without_gradient(op, out, {x, y});
}

}  // namespace gradus
