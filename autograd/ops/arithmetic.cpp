#include <gradus/autograd/ops/arithmetic.h>

#include <gradus/autograd/ops/functions.h>
#include <gradus/autograd/ops/pointwise.h>

namespace gradus {

namespace {

/// An elementwise op of a formula and a rule.
template <std::size_t N, class F, class Rule>
Tensor with_rule(const OpName& op, const Input (&inputs)[N], F formula, Rule rule) {
  using All = detail::Formulas<F>;
  const All all{formula, {}};
  std::array<const Tensor*, N> in;
  for (std::size_t k = 0; k < N; ++k) in[k] = inputs[k].tensor;
  return record(op, detail::pointwise_values(op, detail::loops_of<All, detail::Value<All>, N>, &all, in), inputs, rule);
}

}  // namespace

Tensor add(const Tensor& a, const Tensor& b, Place place) {
  return with_rule(
      {"add", place}, {unread(a), unread(b)}, [](auto x, auto y) { return x + y; },
      [](const Tensor& dy) {
        return Grads{dy, dy};
      });
}

Tensor sub(const Tensor& a, const Tensor& b, Place place) {
  return with_rule(
      {"sub", place}, {unread(a), unread(b)}, [](auto x, auto y) { return x - y; },
      [](const Tensor& dy, Needs needs) {
        return Grads{dy, needs[1] ? neg(dy) : Tensor()};
      });
}

Tensor mul(const Tensor& a, const Tensor& b, Place place) {
  return with_rule(
      {"mul", place}, {a, b}, [](auto x, auto y) { return x * y; },
      [a, b](const Tensor& dy, Needs needs) {
        return Grads{needs[0] ? mul(dy, b) : Tensor(), needs[1] ? mul(dy, a) : Tensor()};
      });
}

Tensor div(const Tensor& a, const Tensor& b, Place place) {
  return with_rule(
      {"div", place}, {unread(a), b}, [](auto x, auto y) { return x / y; },
      [b](const Tensor& dy, const Tensor& y, Needs needs) {
        const Tensor da = div(dy, b);
        return Grads{da, needs[1] ? neg(mul(da, y)) : Tensor()};
      });
}

Tensor add(const Tensor& a, double b, Place place) {
  return with_rule(
      {"add", place}, {unread(a)}, [b](auto x) { return x + b; }, [](const Tensor& dy) { return Grads{dy}; });
}

Tensor mul(const Tensor& a, double b, Place place) {
  return with_rule(
      {"mul", place}, {unread(a)}, [b](auto x) { return x * b; }, [b](const Tensor& dy) { return Grads{mul(dy, b)}; });
}

Tensor neg(const Tensor& x, Place place) {
  return with_rule(
      {"neg", place}, {unread(x)}, [](auto v) { return -v; }, [](const Tensor& dy) { return Grads{neg(dy)}; });
}

Tensor operator-(double a, Operand b) {
  return with_rule(
      {"sub", b.place}, {unread(b.tensor)}, [a](auto x) { return a - x; },
      [](const Tensor& dy) { return Grads{neg(dy)}; });
}

Tensor operator/(double a, Operand b) { return mul(reciprocal(b.tensor, b.place), a, b.place); }

Tensor add_scaled(const Tensor& a, const Tensor& b, double scale, Place place) {
  return with_rule(
      {"add_scaled", place}, {unread(a), unread(b)}, [scale](auto x, auto y) { return x + scale * y; },
      [scale](const Tensor& dy, Needs needs) {
        return Grads{dy, needs[1] ? mul(dy, scale) : Tensor()};
      });
}

Tensor square(const Tensor& x, Place place) { return mul(x, x, place); }

Tensor pow(const Tensor& a, const Tensor& b, Place place) {
  return pointwise({"pow", place}, a, b, [](auto x, auto y) { return pow(x, y); });
}

Tensor pow(const Tensor& a, double b, Place place) {
  if (b == 0) return add(mul(a, 0.0, place), 1.0, place);
  if (b == 1) return mul(a, 1.0, place);
  if (b == 2) return square(a, place);
  return with_rule(
      {"pow", place}, {a}, [b](auto x) { return pow(x, decltype(x)(b)); },
      [a, b](const Tensor& dy) { return Grads{mul(mul(dy, b), pow(a, b - 1))}; });
}

Tensor minimum(const Tensor& a, const Tensor& b, Place place) {
  return pointwise({"minimum", place}, a, b, [](auto x, auto y) { return min(x, y); });
}

Tensor maximum(const Tensor& a, const Tensor& b, Place place) {
  return pointwise({"maximum", place}, a, b, [](auto x, auto y) { return max(x, y); });
}

}  // namespace gradus
