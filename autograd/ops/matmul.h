#pragma once

#include <gradus/autograd/engine/arguments.h>

namespace gradus {

/// torch.matmul: vectors, matrices, batches of matrices with broadcast batch axes.
Tensor matmul(const Argument& a, const Argument& b);
/// x weightᵀ + bias: x [..., in], weight [out, in] -> [..., out]; bias [out], undefined, or of the result's shape.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, Place = Place::current());

/// During its lifetime, on this thread, the bits of a row of `linear`, of `matmul` with a 2-D right side, and of a
/// query of `attention` do not depend on the number of rows. Used by decoding.
class RowInvariant {
 public:
  RowInvariant();
  ~RowInvariant();
  RowInvariant(const RowInvariant&) = delete;
  RowInvariant& operator=(const RowInvariant&) = delete;

 private:
  bool before_;
};
/// Whether a RowInvariant holds on this thread.
bool row_invariant();

}  // namespace gradus
