#pragma once

#include <algorithm>

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

/// Calls f(x, y, z, n) for blocks of n elements of a and b, broadcast to the shape of out, and of out.
template <class In, class Out, class F>
void map_pair_blocks(const Tensor& a, const Tensor& b, Tensor& out, F f) {
  constexpr Index block = 256;
  const BroadcastReader left(a.shape(), out.shape()), right(b.shape(), out.shape());
  const In *p = a.data<In>(), *q = b.data<In>();
  Out* to = out.mutable_data<Out>();
  parallel_for(out.numel(), elementwise_grain, [&](Index begin, Index end) {
    In left_block[block], right_block[block];
    for (Index i = begin; i < end; i += block) {
      const Index n = std::min(block, end - i);
      if (!left.direct()) left.read(p, i, n, left_block);
      if (!right.direct()) right.read(q, i, n, right_block);
      f(left.direct() ? p + i : left_block, right.direct() ? q + i : right_block, to + i, n);
    }
  });
}

/// out[i] = f(a[i], b[i]), with a and b broadcast to the shape of out.
template <class In, class Out, class F>
void map_pairs(const Tensor& a, const Tensor& b, Tensor& out, F f) {
  map_pair_blocks<In, Out>(a, b, out, [f](const In* __restrict x, const In* __restrict y, Out* __restrict z, Index n) {
    for (Index k = 0; k < n; ++k) z[k] = f(x[k], y[k]);
  });
}

/// out[i] = mask[i] != 0 ? a[i] : b[i], with all three broadcast to the shape of out.
template <class M, class T>
void choose_elements(const Tensor& mask, const Tensor& a, const Tensor& b, Tensor& out) {
  constexpr Index block = 256;
  const BroadcastReader of_mask(mask.shape(), out.shape()), of_a(a.shape(), out.shape()), of_b(b.shape(), out.shape());
  const M* m = mask.data<M>();
  const T *p = a.data<T>(), *q = b.data<T>();
  T* to = out.mutable_data<T>();
  parallel_for(out.numel(), elementwise_grain, [&](Index begin, Index end) {
    M mask_block[block];
    T a_block[block], b_block[block];
    for (Index i = begin; i < end; i += block) {
      const Index n = std::min(block, end - i);
      if (!of_mask.direct()) of_mask.read(m, i, n, mask_block);
      if (!of_a.direct()) of_a.read(p, i, n, a_block);
      if (!of_b.direct()) of_b.read(q, i, n, b_block);
      const M* __restrict keep = of_mask.direct() ? m + i : mask_block;
      const T* __restrict x = of_a.direct() ? p + i : a_block;
      const T* __restrict y = of_b.direct() ? q + i : b_block;
      T* __restrict z = to + i;
      for (Index k = 0; k < n; ++k) z[k] = keep[k] != 0 ? x[k] : y[k];
    }
  });
}

}  // namespace gradus
