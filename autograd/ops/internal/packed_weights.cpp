#include <gradus/autograd/ops/internal/packed_weights.h>

#include <gradus/autograd/foundation/internal/gemm.h>

namespace gradus {

template <class T>
const T* PackedWeights::of(const Tensor& weight) {
  if (!weight.is_leaf() || !weight.requires_grad()) return nullptr;
  const Index out = weight.shape()[0], in = weight.shape()[1];
  Copy& copy = copies_[Key(weight.data<T>(), out, in)];
  const std::uint32_t version = weight.storage()->version();
  if (!copy.numbers || copy.version != version) {
    const Index bytes = mul_sat(packed_numbers<T>(out, in), sizeof(T));
    copy = {weight, version, std::make_unique<Scratch<char>>(bytes)};
    pack_transposed(out, in, weight.data<T>(), reinterpret_cast<T*>(copy.numbers->data()));
  }
  return reinterpret_cast<const T*>(copy.numbers->data());
}

template const float* PackedWeights::of(const Tensor&);
template const double* PackedWeights::of(const Tensor&);

}  // namespace gradus
