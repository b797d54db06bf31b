#include <gradus/autograd/ops/arithmetic.h>

#include <cmath>

#include <gradus/autograd/ops.h>
#include <gradus/autograd/ops/pointwise.h>

namespace gradus {

Tensor add(const Tensor& a, const Tensor& b, Where where) {
  const OpName op("add", where);
  return record(op,
                detail::pointwise_forward(
                    op, [](auto x, auto y) { return x + y; }, a, b),
                {unread(a), unread(b)}, [](const Tensor& dy) {
                  return Grads{dy, dy};
                });
}

Tensor sub(const Tensor& a, const Tensor& b, Where where) {
  const OpName op("sub", where);
  return record(op,
                detail::pointwise_forward(
                    op, [](auto x, auto y) { return x - y; }, a, b),
                {unread(a), unread(b)}, [](const Tensor& dy, Needs needs) {
                  return Grads{dy, needs[1] ? neg(dy) : Tensor()};
                });
}

Tensor mul(const Tensor& a, const Tensor& b, Where where) {
  const OpName op("mul", where);
  return record(op,
                detail::pointwise_forward(
                    op, [](auto x, auto y) { return x * y; }, a, b),
                {a, b}, [a, b](const Tensor& dy, Needs needs) {
                  return Grads{needs[0] ? mul(dy, b) : Tensor(), needs[1] ? mul(dy, a) : Tensor()};
                });
}

Tensor div(const Tensor& a, const Tensor& b, Where where) {
  const OpName op("div", where);
  return record(op,
                detail::pointwise_forward(
                    op, [](auto x, auto y) { return x / y; }, a, b),
                {unread(a), b}, [b](const Tensor& dy, const Tensor& y, Needs needs) {
                  const Tensor da = div(dy, b);
                  return Grads{da, needs[1] ? neg(mul(da, y)) : Tensor()};
                });
}

Tensor add(const Tensor& a, double b, Where where) {
  const OpName op("add", where);
  return record(op,
                detail::pointwise_forward(
                    op, [b](auto x) { return x + b; }, a),
                {unread(a)}, [](const Tensor& dy) { return Grads{dy}; });
}

Tensor mul(const Tensor& a, double b, Where where) {
  const OpName op("mul", where);
  return record(op,
                detail::pointwise_forward(
                    op, [b](auto x) { return x * b; }, a),
                {unread(a)}, [b](const Tensor& dy) { return Grads{mul(dy, b)}; });
}

Tensor neg(const Tensor& x, Where where) {
  const OpName op("neg", where);
  return record(op,
                detail::pointwise_forward(
                    op, [](auto v) { return -v; }, x),
                {unread(x)}, [](const Tensor& dy) { return Grads{neg(dy)}; });
}

Tensor operator-(double a, Operand b) {
  const OpName op("sub", b.where);
  return record(op,
                detail::pointwise_forward(
                    op, [a](auto x) { return a - x; }, b.tensor),
                {unread(b.tensor)}, [](const Tensor& dy) { return Grads{neg(dy)}; });
}

Tensor operator/(double a, Operand b) { return mul(reciprocal(b.tensor, b.where), a, b.where); }

Tensor add_scaled(const Tensor& a, const Tensor& b, double scale, Where where) {
  const OpName op("add_scaled", where);
  return record(op,
                detail::pointwise_forward(
                    op, [scale](auto x, auto y) { return x + scale * y; }, a, b),
                {unread(a), unread(b)}, [scale](const Tensor& dy, Needs needs) {
                  return Grads{dy, needs[1] ? mul(dy, scale) : Tensor()};
                });
}

Tensor square(const Tensor& x, Where where) { return mul(x, x, where); }

Tensor pow(const Tensor& a, const Tensor& b, Where where) {
  return pointwise(
      OpName("pow", where), [](auto x, auto y) { return pow(x, y); }, a, b);
}

Tensor pow(const Tensor& a, double b, Where where) {
  if (b == 0) return add(mul(a, 0.0, where), 1.0, where);
  if (b == 1) return mul(a, 1.0, where);
  if (b == 2) return square(a, where);
  const OpName op("pow", where);
  return record(op,
                detail::pointwise_forward(
                    op, [b](auto x) { return pow(x, decltype(x)(b)); }, a),
                {a}, [a, b](const Tensor& dy) { return Grads{mul(mul(dy, b), pow(a, b - 1))}; });
}

Tensor minimum(const Tensor& a, const Tensor& b, Where where) {
  return pointwise(
      OpName("minimum", where), [](auto x, auto y) { return min(x, y); }, a, b);
}

Tensor maximum(const Tensor& a, const Tensor& b, Where where) {
  return pointwise(
      OpName("maximum", where), [](auto x, auto y) { return max(x, y); }, a, b);
}

}  // namespace gradus
