#include <gradus/autograd/ops/copying.h>

#include <gradus/autograd/engine/internal/accumulate.h>
#include <gradus/autograd/engine/record.h>

namespace gradus {

Tensor to(const Tensor& x, DType dtype, Place place) {
  if (x.dtype() == dtype) return x;
  const OpName op("to", place);
  Tensor y = Tensor::empty(op, x.shape(), dtype);
  dispatch(x.dtype(), [&](auto from) {
    dispatch(dtype, [&](auto into) {
      const auto* p = x.data<decltype(from)>();
      auto* out = y.mutable_data<decltype(into)>();
      const Index n = x.numel();
      for (Index i = 0; i < n; ++i) out[i] = static_cast<decltype(into)>(p[i]);
    });
  });
  if (!is_floating(dtype) || !is_floating(x.dtype())) return without_gradient(op, y, {x});
  return record(op, y, {unread(x)}, [from = x.dtype()](const Tensor& dy) { return Grads{to(dy, from)}; });
}

Tensor clone(const Argument& x) {
  const OpName op("clone", x.place());
  return record(op, copy_of(op, x.tensor()), {unread(x.tensor())}, [](const Tensor& dy) { return Grads{dy}; });
}

}  // namespace gradus
