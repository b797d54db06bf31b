#include <gradus/autograd/ops/copying.h>

#include <fmt/format.h>

#include <gradus/autograd/engine/internal/accumulate.h>
#include <gradus/autograd/engine/record.h>
#include <gradus/autograd/foundation/sizes.h>

namespace gradus {

namespace {

void check_holds_index(const OpName& op, const Tensor& x) {
  dispatch_floating(x.dtype(), [&](auto zero) {
    const auto* p = x.data<decltype(zero)>();
    const Index n = x.numel();
    bool all = true;
    for (Index i = 0; i < n; ++i) all &= holds_index(static_cast<double>(p[i]));
    for (Index i = 0; !all && i < n; ++i) {
      if (holds_index(static_cast<double>(p[i]))) continue;
      throw Error(fmt::format("to: i64 does not hold {} at position {} of {}", p[i], i, describe(x)), op.place);
    }
  });
}

}  // namespace

Tensor to(const Tensor& x, DType dtype, Place place) {
  if (x.dtype() == dtype) return x;
  const OpName op("to", place);
  if (!is_floating(dtype)) check_holds_index(op, x);
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
