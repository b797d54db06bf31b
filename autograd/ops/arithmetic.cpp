#include <gradus/autograd/ops/arithmetic.h>

#include <cmath>

#include <gradus/autograd/ops.h>
#include <gradus/autograd/ops/pointwise.h>

namespace gradus {

Tensor add(const Tensor& a, const Tensor& b, Place place) {
  const OpName op("add", place);
  return record(op,
                detail::pointwise_forward(
                    op, [](auto x, auto y) { return x + y; }, a, b),
                {unread(a), unread(b)}, [](const Tensor& dy) {
                  return Grads{dy, dy};
                });
}

Tensor sub(const Tensor& a, const Tensor& b, Place place) {
  const OpName op("sub", place);
  return record(op,
                detail::pointwise_forward(
                    op, [](auto x, auto y) { return x - y; }, a, b),
                {unread(a), unread(b)}, [](const Tensor& dy, Needs needs) {
                  return Grads{dy, needs[1] ? neg(dy) : Tensor()};
                });
}

Tensor mul(const Tensor& a, const Tensor& b, Place place) {
  const OpName op("mul", place);
  return record(op,
                detail::pointwise_forward(
                    op, [](auto x, auto y) { return x * y; }, a, b),
                {a, b}, [a, b](const Tensor& dy, Needs needs) {
                  return Grads{needs[0] ? mul(dy, b) : Tensor(), needs[1] ? mul(dy, a) : Tensor()};
                });
}

Tensor div(const Tensor& a, const Tensor& b, Place place) {
  const OpName op("div", place);
  return record(op,
                detail::pointwise_forward(
                    op, [](auto x, auto y) { return x / y; }, a, b),
                {unread(a), b}, [b](const Tensor& dy, const Tensor& y, Needs needs) {
                  const Tensor da = div(dy, b);
                  return Grads{da, needs[1] ? neg(mul(da, y)) : Tensor()};
                });
}

Tensor add(const Tensor& a, double b, Place place) {
  const OpName op("add", place);
  return record(op,
                detail::pointwise_forward(
                    op, [b](auto x) { return x + b; }, a),
                {unread(a)}, [](const Tensor& dy) { return Grads{dy}; });
}

Tensor mul(const Tensor& a, double b, Place place) {
  const OpName op("mul", place);
  return record(op,
                detail::pointwise_forward(
                    op, [b](auto x) { return x * b; }, a),
                {unread(a)}, [b](const Tensor& dy) { return Grads{mul(dy, b)}; });
}

Tensor neg(const Tensor& x, Place place) {
  const OpName op("neg", place);
  return record(op,
                detail::pointwise_forward(
                    op, [](auto v) { return -v; }, x),
                {unread(x)}, [](const Tensor& dy) { return Grads{neg(dy)}; });
}

Tensor operator-(double a, Operand b) {
  const OpName op("sub", b.place);
  return record(op,
                detail::pointwise_forward(
                    op, [a](auto x) { return a - x; }, b.tensor),
                {unread(b.tensor)}, [](const Tensor& dy) { return Grads{neg(dy)}; });
}

Tensor operator/(double a, Operand b) { return mul(reciprocal(b.tensor, b.place), a, b.place); }

Tensor add_scaled(const Tensor& a, const Tensor& b, double scale, Place place) {
  const OpName op("add_scaled", place);
  return record(op,
                detail::pointwise_forward(
                    op, [scale](auto x, auto y) { return x + scale * y; }, a, b),
                {unread(a), unread(b)}, [scale](const Tensor& dy, Needs needs) {
                  return Grads{dy, needs[1] ? mul(dy, scale) : Tensor()};
                });
}

Tensor square(const Tensor& x, Place place) { return mul(x, x, place); }

Tensor pow(const Tensor& a, const Tensor& b, Place place) {
  return pointwise(
      OpName("pow", place), [](auto x, auto y) { return pow(x, y); }, a, b);
}

Tensor pow(const Tensor& a, double b, Place place) {
  if (b == 0) return add(mul(a, 0.0, place), 1.0, place);
  if (b == 1) return mul(a, 1.0, place);
  if (b == 2) return square(a, place);
  const OpName op("pow", place);
  return record(op,
                detail::pointwise_forward(
                    op, [b](auto x) { return pow(x, decltype(x)(b)); }, a),
                {a}, [a, b](const Tensor& dy) { return Grads{mul(mul(dy, b), pow(a, b - 1))}; });
}

Tensor minimum(const Tensor& a, const Tensor& b, Place place) {
  return pointwise(
      OpName("minimum", place), [](auto x, auto y) { return min(x, y); }, a, b);
}

Tensor maximum(const Tensor& a, const Tensor& b, Place place) {
  return pointwise(
      OpName("maximum", place), [](auto x, auto y) { return max(x, y); }, a, b);
}

}  // namespace gradus
