#pragma once

#include <map>
#include <memory>
#include <tuple>

#include <gradus/autograd/engine/tensor.h>
#include <gradus/autograd/foundation/internal/bf16_kernels.h>
#include <gradus/autograd/foundation/internal/blas.h>
#include <gradus/autograd/foundation/internal/scratch.h>

namespace gradus {

/// Copies of parameters in the order in which products read them, made at the first use: of row-invariant products, or
/// of products in bf16. A decoder reads each weight once per token, and a recurrent network once per time step. A copy
/// is made again when its parameter has been written to. The copy of a weight that is no leaf and no part of one, as a
/// value that is used once, is null.
class PackedWeights {
 public:
  /// The copy of a weight [out, in], as pack_transposed makes it.
  template <class T>
  const T* of(const Tensor& weight);
  /// op(weight) as bf16::pack makes it.
  const bf16::Word* bf16_of(const Tensor& weight, blas::Transpose op);
  void clear() { copies_.clear(); }

 private:
  struct Copy {
    Tensor weight;  // keeps the storage, so that no other tensor gets its address
    std::uint32_t version = 0;
    std::unique_ptr<Scratch<char>> numbers;
  };
  /// The copy, which `pack` writes to memory of this many bytes unless there is one; null as above.
  template <class T, class Pack>
  const void* copy_of(const Tensor& weight, blas::Transpose op, Index bytes, const Pack& pack);

  using Key = std::tuple<const void*, Index, Index, blas::Transpose>;  // address, out, in, op
  std::map<Key, Copy> copies_;
};

}  // namespace gradus
