#include <gradus/autograd/ops/rounding.h>

#include <cmath>
#include <type_traits>

#include <gradus/autograd/engine/record.h>
#include <gradus/autograd/ops/internal/elementwise.h>

namespace gradus {

namespace {

template <class F>
Tensor step(const char* name, const Argument& x, F f) {
  const OpName op(name, x.place());
  return record(op, map_elements(op, x.tensor(), f), {unread(x.tensor())},
                [](const Tensor& dy) { return Grads{Tensor::zeros(dy.shape(), dy.dtype())}; });
}

// f for floating numbers; integers stay as they are.
template <class F>
Tensor rounded(const char* name, const Argument& x, F f) {
  return step(name, x, [f](auto v) {
    if constexpr (std::is_integral_v<decltype(v)>)
      return v;
    else
      return f(v);
  });
}

}  // namespace

Tensor floor(const Argument& x) {
  return rounded("floor", x, [](auto v) { return std::floor(v); });
}
Tensor ceil(const Argument& x) {
  return rounded("ceil", x, [](auto v) { return std::ceil(v); });
}
Tensor round(const Argument& x) {
  return rounded("round", x, [](auto v) { return std::nearbyint(v); });
}
Tensor trunc(const Argument& x) {
  return rounded("trunc", x, [](auto v) { return std::trunc(v); });
}
Tensor sign(const Argument& x) {
  return step("sign", x, [](auto v) { return static_cast<decltype(v)>((v > 0) - (v < 0)); });
}

}  // namespace gradus
