#include <gradus/autograd/ops/internal/packed_weights.h>

#include <gradus/autograd/foundation/internal/bf16_gemm.h>
#include <gradus/autograd/foundation/internal/gemm.h>

namespace gradus {

template <class T, class Pack>
const void* PackedWeights::copy_of(const Tensor& weight, blas::Transpose op, Index bytes, const Pack& pack) {
  if (!weight.storage()->holds_leaf()) return nullptr;
  Copy& copy = copies_[Key(weight.data<T>(), weight.shape()[0], weight.shape()[1], op)];
  const std::uint32_t version = weight.storage()->version();
  if (!copy.numbers || copy.version != version) {
    copy = {weight.detach(), version, std::make_unique<Scratch<char>>(bytes)};
    pack(copy.numbers->data());
  }
  return copy.numbers->data();
}

template <class T>
const T* PackedWeights::of(const Tensor& weight) {
  const Index out = weight.shape()[0], in = weight.shape()[1];
  return static_cast<const T*>(
      copy_of<T>(weight, blas::Transpose::yes, mul_sat(packed_numbers<T>(out, in), sizeof(T)),
                 [&](void* to) { pack_transposed(out, in, weight.data<T>(), static_cast<T*>(to)); }));
}

const bf16::Word* PackedWeights::bf16_of(const Tensor& weight, blas::Transpose op) {
  const Index out = weight.shape()[0], in = weight.shape()[1];
  const Index n = op == blas::Transpose::yes ? out : in, k = op == blas::Transpose::yes ? in : out;
  return static_cast<const bf16::Word*>(
      copy_of<float>(weight, op, mul_sat(bf16::packed_words(n, k), sizeof(bf16::Word)),
                     [&](void* to) { bf16::pack(op, n, k, weight.data<float>(), in, static_cast<bf16::Word*>(to)); }));
}

template const float* PackedWeights::of(const Tensor&);
template const double* PackedWeights::of(const Tensor&);

}  // namespace gradus
