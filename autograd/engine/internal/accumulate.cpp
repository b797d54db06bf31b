#include <gradus/autograd/engine/internal/accumulate.h>

#include <algorithm>

#include <gradus/autograd/engine/record.h>
#include <gradus/autograd/foundation/internal/gemm.h>
#include <gradus/autograd/foundation/internal/row_sums.h>
#include <gradus/autograd/foundation/parallel.h>

namespace gradus {

namespace {

constexpr Index add_grain = Index{1} << 16;

// a + b, of one shape and dtype.
Tensor sum_of(const Tensor& a, const Tensor& b) {
  Tensor y = Tensor::empty(a.shape(), a.dtype());
  dispatch(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T *p = a.data<T>(), *q = b.data<T>();
    T* __restrict to = y.mutable_data<T>();
    parallel_for(y.numel(), add_grain, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) to[i] = p[i] + q[i];
    });
  });
  return record("add", std::move(y), {unread(a), unread(b)}, [](const Tensor& dy) { return Grads{dy, dy}; });
}

}  // namespace

Tensor copy_of(const OpName& op, const Tensor& x) {
  Tensor y = Tensor::empty(op, x.shape(), x.dtype());
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    parallel_for(x.numel(), add_grain,
                 [&](Index begin, Index end) { std::copy(from + begin, from + end, to + begin); });
  });
  return y;
}

void add_into(Tensor& sum, const Tensor& g) {
  dispatch(sum.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* to = sum.mutable_data<T>();
    const T* from = g.data<T>();
    parallel_for(sum.numel(), add_grain,
                 [&](Index begin, Index end) { add_row(end - begin, from + begin, to + begin); });
  });
}

void accumulate(Tensor& sum, Tensor g) {
  if (!sum.defined()) {
    sum = std::move(g);
  } else if (!grad_enabled() && sum.exclusively_owned()) {
    add_into(sum, g);
  } else {
    sum = sum_of(sum, g);
  }
}

void accumulate_additions(Tensor& sum, std::span<const Gradient> additions, const Node& node) {
  if (!sum.defined()) sum = Tensor::zeros(node.op, node.shape, node.dtype);
  if (!sum.exclusively_owned()) sum = copy_of(node.op, sum);
  Gradient::add_to(sum, additions);
}

void product_of_rows(const Tensor& a, const Tensor& b, Tensor& out, bool accumulate) {
  dispatch_floating(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const Index rows = a.shape()[0], m = a.shape()[1], n = b.shape()[1];
    T* to = out.mutable_data<T>();
    gemm<T>(blas::Transpose::yes, blas::Transpose::no, m, n, rows, a.data<T>(), m, b.data<T>(), n,
            accumulate ? Onto<T>{to, n} : Onto<T>{}, to, n, arithmetic_of_thread(true));
  });
}

}  // namespace gradus
