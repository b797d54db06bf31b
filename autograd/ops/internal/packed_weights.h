#pragma once

#include <map>
#include <memory>
#include <tuple>

#include <gradus/autograd/engine/tensor.h>
#include <gradus/autograd/foundation/internal/scratch.h>

namespace gradus {

/// Copies of parameters in the order in which row-invariant products read them, made at the first use. A decoder reads
/// each weight once per token. A copy is made again when its parameter has been written to.
class PackedWeights {
 public:
  /// The copy of a weight [out, in], as pack_transposed makes it; null if the weight does not require a gradient, as a
  /// value that is used once.
  template <class T>
  const T* of(const Tensor& weight);
  void clear() { copies_.clear(); }

 private:
  struct Copy {
    Tensor weight;  // keeps the storage, so that no other tensor gets its address
    std::uint32_t version = 0;
    std::unique_ptr<Scratch<char>> numbers;
  };
  using Key = std::tuple<const void*, Index, Index>;  // address, out, in
  std::map<Key, Copy> copies_;
};

}  // namespace gradus
