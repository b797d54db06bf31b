#pragma once

#include <gradus/autograd/engine/tensor.h>

namespace gradus {

/// torch.matmul: vectors, matrices, batches of matrices with broadcast batch axes.
Tensor matmul(const Tensor& a, const Tensor& b, Place = Place::current());
/// x weightᵀ + bias: x [..., in], weight [out, in] -> [..., out]; bias [out], undefined, or of the result's shape.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, Place = Place::current());

/// While it lives, `linear`, `matmul` with a 2-D right side, and `attention` compute each row of the left side (each
/// query) on this thread in a way that does not depend on how many rows there are: a row has the same bits alone and in
/// any batch. Decoding runs under it.
class RowInvariant {
 public:
  RowInvariant();
  ~RowInvariant();
  RowInvariant(const RowInvariant&) = delete;
  RowInvariant& operator=(const RowInvariant&) = delete;

 private:
  bool before_;
};
bool row_invariant();

}  // namespace gradus
