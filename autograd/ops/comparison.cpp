#include <gradus/autograd/ops/comparison.h>

#include <fmt/format.h>

#include <cmath>

#include <gradus/autograd/engine/broadcast.h>
#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/ops/shape.h>

namespace gradus {

namespace {

DType mask_dtype(const Tensor& t) { return is_floating(t.dtype()) ? t.dtype() : DType::f32; }

template <class F>
Tensor compare(const OpName& op, const Tensor& a, const Tensor& b, F holds) {
  if (a.dtype() != b.dtype())
    throw Error(fmt::format("{}: operands {} and {}, expected one dtype", op.name, describe(a), describe(b)), op.place);
  const Shape shape = broadcast_shapes(op, a.shape(), b.shape());
  const NoGrad guard;
  const Tensor x = expand(a, shape), y = expand(b, shape);
  Tensor mask = Tensor::empty(shape, mask_dtype(a));
  dispatch(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T *p = x.data<T>(), *q = y.data<T>();
    dispatch_floating(mask.dtype(), [&](auto m) {
      auto* out = mask.mutable_data<decltype(m)>();
      for (Index i = 0; i < shape.numel(); ++i) out[i] = holds(p[i], q[i]) ? 1 : 0;
    });
  });
  return mask;
}

template <class F>
Tensor test(const Tensor& x, F holds) {
  Tensor mask = Tensor::empty(x.shape(), mask_dtype(x));
  dispatch(x.dtype(), [&](auto zero) {
    const auto* p = x.data<decltype(zero)>();
    dispatch_floating(mask.dtype(), [&](auto m) {
      auto* out = mask.mutable_data<decltype(m)>();
      for (Index i = 0; i < x.numel(); ++i) out[i] = holds(p[i]) ? 1 : 0;
    });
  });
  return mask;
}

}  // namespace

Tensor equal(const Tensor& a, const Tensor& b, Place place) {
  return compare(OpName("equal", place), a, b, [](auto x, auto y) { return x == y; });
}
Tensor not_equal(const Tensor& a, const Tensor& b, Place place) {
  return compare(OpName("not_equal", place), a, b, [](auto x, auto y) { return x != y; });
}
Tensor less(const Tensor& a, const Tensor& b, Place place) {
  return compare(OpName("less", place), a, b, [](auto x, auto y) { return x < y; });
}
Tensor less_equal(const Tensor& a, const Tensor& b, Place place) {
  return compare(OpName("less_equal", place), a, b, [](auto x, auto y) { return x <= y; });
}
Tensor greater(const Tensor& a, const Tensor& b, Place place) { return less(b, a, place); }
Tensor greater_equal(const Tensor& a, const Tensor& b, Place place) { return less_equal(b, a, place); }

Tensor equal(const Tensor& a, double b, Place) {
  return test(a, [b](auto x) { return static_cast<double>(x) == b; });
}
Tensor not_equal(const Tensor& a, double b, Place) {
  return test(a, [b](auto x) { return static_cast<double>(x) != b; });
}
Tensor less(const Tensor& a, double b, Place) {
  return test(a, [b](auto x) { return static_cast<double>(x) < b; });
}
Tensor greater(const Tensor& a, double b, Place) {
  return test(a, [b](auto x) { return static_cast<double>(x) > b; });
}

Tensor logical_not(const Tensor& mask, Place) {
  return test(mask, [](auto x) { return x == 0; });
}
Tensor logical_and(const Tensor& a, const Tensor& b, Place place) {
  return compare(OpName("logical_and", place), a, b, [](auto x, auto y) { return x != 0 && y != 0; });
}
Tensor is_finite(const Tensor& x, Place) {
  return test(x, [](auto v) { return std::isfinite(static_cast<double>(v)); });
}

Tensor causal_mask(Index n, DType dtype) {
  Tensor mask = Tensor::zeros({n, n}, dtype);
  dispatch(dtype, [&](auto zero) {
    auto* p = mask.mutable_data<decltype(zero)>();
    for (Index i = 0; i < n; ++i)
      for (Index j = 0; j <= i; ++j) p[i * n + j] = 1;
  });
  return mask;
}

// Selection by a mask -------------------------------------------------------------------------------------------------

namespace {

/// mask ? a : b, broadcast.
Tensor choose(const OpName& op, const Tensor& mask, const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype())
    throw Error(fmt::format("{}: operands {} and {}, expected one dtype", op.name, describe(a), describe(b)), op.place);
  const Shape shape = broadcast_shapes(op, broadcast_shapes(op, a.shape(), b.shape()), mask.shape());
  const NoGrad guard;
  const Tensor m = expand(mask, shape), x = expand(a, shape), y = expand(b, shape);
  Tensor out = Tensor::empty(shape, a.dtype());
  dispatch(mask.dtype(), [&](auto zero) {
    const auto* keep = m.template data<decltype(zero)>();
    dispatch(a.dtype(), [&](auto value) {
      using T = decltype(value);
      const T *p = x.data<T>(), *q = y.data<T>();
      T* o = out.mutable_data<T>();
      for (Index i = 0; i < shape.numel(); ++i) o[i] = keep[i] != 0 ? p[i] : q[i];
    });
  });
  return out;
}

}  // namespace

Tensor where(const Tensor& mask, const Tensor& a, const Tensor& b, Place place) {
  const OpName op("where", place);
  return record(op, choose(op, mask, a, b), {mask, unread(a), unread(b)},
                [mask = mask.detach()](const Tensor& dy, Needs needs) {
                  const Tensor zero = Tensor::zeros({}, dy.dtype());
                  return Grads{Tensor(), needs[1] ? where(mask, dy, zero) : Tensor(),
                               needs[2] ? where(mask, zero, dy) : Tensor()};
                });
}

Tensor masked_fill(const Tensor& x, const Tensor& mask, double value, Place place) {
  return where(mask, Tensor::scalar(value, x.dtype()), x, place);
}

}  // namespace gradus
