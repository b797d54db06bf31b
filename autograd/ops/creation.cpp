#include <gradus/autograd/ops/creation.h>

#include <fmt/format.h>

#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/foundation/random.h>

namespace gradus {

Tensor zeros_like(const Argument& x) { return Tensor::zeros(x.tensor().shape(), x.tensor().dtype(), x.place()); }

Tensor ones_like(const Argument& x) { return Tensor::ones(x.tensor().shape(), x.tensor().dtype(), x.place()); }

Tensor full_like(const Tensor& x, Scalar value, Place place) {
  return Tensor::full(x.shape(), value, x.dtype(), place);
}

Tensor rand_like(const Argument& x) {
  const Tensor& t = x.tensor();
  check_floating({"rand_like", x.place()}, t);
  return Tensor::uniform(t.shape(), 0, 1, RandomScope::next(), t.dtype(), x.place());
}

Tensor randn_like(const Argument& x) {
  const Tensor& t = x.tensor();
  check_floating({"randn_like", x.place()}, t);
  return Tensor::normal(t.shape(), 0, 1, RandomScope::next(), t.dtype(), x.place());
}

Tensor eye(Integer n, DType dtype, Place place) {
  if (n < 0) throw Error(fmt::format("eye: {} rows, expected 0 or more", Index(n)), place);
  Tensor y = Tensor::zeros(OpName("eye", place), {n, n}, dtype);
  dispatch(dtype, [&](auto zero) {
    auto* out = y.mutable_data<decltype(zero)>();
    for (Index i = 0; i < n; ++i) out[i * (n + 1)] = 1;
  });
  return y;
}

// The second half counts from the end, so that the last number is exact and equal distances from both ends are too.
Tensor linspace(Scalar start, Scalar end, Integer steps, DType dtype, Place place) {
  if (steps < 0) throw Error(fmt::format("linspace: {} steps, expected 0 or more", Index(steps)), place);
  if (!is_floating(dtype)) throw Error("linspace: the dtype is i64, expected f32 or f64", place);
  const double distance = steps > 1 ? (end.value() - start.value()) / static_cast<double>(steps - 1) : 0;
  Tensor y = Tensor::empty(OpName("linspace", place), {steps}, dtype);
  dispatch_floating(dtype, [&](auto zero) {
    using T = decltype(zero);
    T* out = y.mutable_data<T>();
    for (Index i = 0; i < steps; ++i) {
      const double value = i < steps / 2 || steps == 1 ? start + static_cast<double>(i) * distance
                                                       : end - static_cast<double>(steps - 1 - i) * distance;
      out[i] = static_cast<T>(value);
    }
  });
  return y;
}

}  // namespace gradus
