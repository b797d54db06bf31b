#pragma once

#include <algorithm>
#include <array>
#include <tuple>

#include <gradus/autograd/engine/broadcast.h>
#include <gradus/autograd/engine/tensor.h>
#include <gradus/autograd/foundation/parallel.h>

// Values of elementwise ops of any dtype. Outside the graph.
namespace gradus {

/// Threads divide elementwise work on at least this many elements.
constexpr Index elementwise_grain = Index{1} << 15;

/// out[i] = f(x[i]), for x of the type In and out of the type Out.
template <class In, class Out, class F>
void map_elements(const Tensor& x, Tensor& out, F f) {
  const In* from = x.data<In>();
  Out* to = out.mutable_data<Out>();
  parallel_for(x.numel(), elementwise_grain, [=](Index begin, Index end) {
    const In* __restrict in = from;
    Out* __restrict out = to;
    for (Index i = begin; i < end; ++i) out[i] = f(in[i]);
  });
}

/// f of each element, in x's dtype.
template <class F>
Tensor map_elements(const OpName& op, const Tensor& x, F f) {
  Tensor y = Tensor::empty(op, x.shape(), x.dtype());
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    map_elements<T, T>(x, y, f);
  });
  return y;
}

/// Blocks of a tensor as if it were expanded to a shape that it broadcasts to.
template <class T>
class Broadcast {
 public:
  static constexpr Index longest = 256;  // elements of a block
  using Buffer = std::array<T, longest>;
  Broadcast(const Tensor& x, const Shape& shape) : reader_(x.shape(), shape), data_(x.data<T>()) {}
  /// n elements from `begin` on: in place, or copied to the buffer.
  const T* read(Index begin, Index n, Buffer& buffer) const {
    if (reader_.direct()) return data_ + begin;
    reader_.read(data_, begin, n, buffer.data());
    return buffer.data();
  }

 private:
  BroadcastReader reader_;
  const T* data_;
};

/// Calls f(x..., y, n) for each block of n elements of the operands and of out.
template <class Out, class F, class... T>
void map_blocks(Tensor& out, F f, const Broadcast<T>&... in) {
  constexpr Index block = Broadcast<Out>::longest;
  Out* to = out.mutable_data<Out>();
  parallel_for(out.numel(), elementwise_grain, [&](Index begin, Index end) {
    std::tuple<typename Broadcast<T>::Buffer...> buffers;
    for (Index i = begin; i < end; i += block) {
      const Index n = std::min(block, end - i);
      std::apply([&](auto&... buffer) { f(in.read(i, n, buffer)..., to + i, n); }, buffers);
    }
  });
}

/// out[i] = f(a[i], b[i]), with a and b broadcast to the shape of out.
template <class In, class Out, class F>
void map_pairs(const Tensor& a, const Tensor& b, Tensor& out, F f) {
  map_blocks<Out>(
      out,
      [f](const In* __restrict x, const In* __restrict y, Out* __restrict z, Index n) {
        for (Index k = 0; k < n; ++k) z[k] = f(x[k], y[k]);
      },
      Broadcast<In>(a, out.shape()), Broadcast<In>(b, out.shape()));
}

/// out[i] = mask[i] != 0 ? a[i] : b[i], with all three broadcast to the shape of out.
template <class M, class T>
void choose_elements(const Tensor& mask, const Tensor& a, const Tensor& b, Tensor& out) {
  map_blocks<T>(
      out,
      [](const M* __restrict keep, const T* __restrict x, const T* __restrict y, T* __restrict z, Index n) {
        for (Index k = 0; k < n; ++k) z[k] = keep[k] != 0 ? x[k] : y[k];
      },
      Broadcast<M>(mask, out.shape()), Broadcast<T>(a, out.shape()), Broadcast<T>(b, out.shape()));
}

}  // namespace gradus
