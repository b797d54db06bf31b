#pragma once

#include <gradus/autograd/engine/arguments.h>

namespace gradus {

/// torch.matmul: vectors, matrices, batches of matrices with broadcast batch axes.
Tensor matmul(const Argument& a, const Argument& b);
/// x weightᵀ + bias: x [..., in], weight [out, in] -> [..., out]; bias [out], undefined, or of the result's shape.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, Place = Place::current());

/// During its lifetime, on this thread, the bits of a row of `linear`, of `matmul` with a 2-D right side, and of a
/// query of `attention` do not depend on the number of rows. Used by decoding. Such products keep a copy of each
/// parameter in the order in which they read it, until this thread has no RowInvariant; hold one around many calls of
/// models::decode with few sentences, so that the copies are made once.
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

/// During its lifetime, on this thread, the f32 products of `linear` and `matmul`, and those of their gradients, round
/// their operands to bf16 (8 significant bits, the range of f32) and add in f32. Results, biases and all other ops stay
/// in f32, and so do products of more than two axes with one row, one column or one inner number, such as those of an
/// attention with one query. Processors with AMX or AVX512_BF16 compute such products faster; the bits are the same on
/// all x86-64 processors, at any number of threads, and for a row alone and among others. Used by training with
/// train.precision = "bf16".
class Bf16Products {
 public:
  Bf16Products();
  ~Bf16Products();
  Bf16Products(const Bf16Products&) = delete;
  Bf16Products& operator=(const Bf16Products&) = delete;

 private:
  bool before_;
};
/// Whether a Bf16Products holds on this thread.
bool bf16_products();

}  // namespace gradus
