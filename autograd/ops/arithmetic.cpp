#include <gradus/autograd/ops/arithmetic.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include <gradus/autograd/ops/functions.h>
#include <gradus/autograd/ops/internal/integers.h>
#include <gradus/autograd/ops/internal/wrapping.h>
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

Tensor add(const Operand& a, const Operand& b) {
  const OpName op("add", a.place());
  if (are_integers(a, b)) return map_integers(op, a, b, wrapping_add<Index>);
  if (a.is_number() || b.is_number()) {
    const Operand &x = a.is_number() ? b : a, &c = a.is_number() ? a : b;
    return with_rule(
        op, {unread(x.tensor())}, [c = c.number().value()](auto v) { return v + c; },
        [](const Tensor& dy) { return Grads{dy}; });
  }
  return with_rule(
      op, {unread(a.tensor()), unread(b.tensor())}, [](auto x, auto y) { return x + y; },
      [](const Tensor& dy) {
        return Grads{dy, dy};
      });
}

Tensor sub(const Operand& a, const Operand& b) {
  const OpName op("sub", a.place());
  if (are_integers(a, b)) return map_integers(op, a, b, wrapping_sub<Index>);
  if (b.is_number()) return add(a, -b.number().value());
  if (a.is_number()) {
    return with_rule(
        op, {unread(b.tensor())}, [c = a.number().value()](auto v) { return c - v; },
        [](const Tensor& dy) { return Grads{neg(dy)}; });
  }
  return with_rule(
      op, {unread(a.tensor()), unread(b.tensor())}, [](auto x, auto y) { return x - y; },
      [](const Tensor& dy, Needs needs) {
        return Grads{dy, needs[1] ? neg(dy) : Tensor()};
      });
}

Tensor mul(const Operand& a, const Operand& b) {
  const OpName op("mul", a.place());
  if (are_integers(a, b)) return map_integers(op, a, b, wrapping_mul<Index>);
  if (a.is_number() || b.is_number()) {
    const Operand &x = a.is_number() ? b : a, &factor = a.is_number() ? a : b;
    const double c = factor.number();
    return with_rule(
        op, {unread(x.tensor())}, [c](auto v) { return v * c; }, [c](const Tensor& dy) { return Grads{mul(dy, c)}; });
  }
  return with_rule(
      op, {a.tensor(), b.tensor()}, [](auto x, auto y) { return x * y; },
      [x = a.tensor(), y = b.tensor()](const Tensor& dy, Needs needs) {
        return Grads{needs[0] ? mul(dy, y) : Tensor(), needs[1] ? mul(dy, x) : Tensor()};
      });
}

Tensor div(const Operand& a, const Operand& b) {
  if (b.is_number()) return mul(a, 1 / b.number().value());
  if (a.is_number()) return mul({reciprocal({b.tensor(), a.place()}), a.place()}, a.number());
  return with_rule(
      {"div", a.place()}, {unread(a.tensor()), b.tensor()}, [](auto x, auto y) { return x / y; },
      [y = b.tensor()](const Tensor& dy, const Tensor& q, Needs needs) {
        const Tensor da = div(dy, y);
        return Grads{da, needs[1] ? neg(mul(da, q)) : Tensor()};
      });
}

Tensor neg(const Argument& x) {
  if (x.tensor().dtype() == DType::i64) return sub({0, x.place()}, x.tensor());
  return with_rule(
      {"neg", x.place()}, {unread(x.tensor())}, [](auto v) { return -v; },
      [](const Tensor& dy) { return Grads{neg(dy)}; });
}

Tensor add_scaled(const Tensor& a, const Tensor& b, Scalar scale, Place place) {
  const double c = scale;
  return with_rule(
      {"add_scaled", place}, {unread(a), unread(b)}, [c](auto x, auto y) { return x + c * y; },
      [c](const Tensor& dy, Needs needs) {
        return Grads{dy, needs[1] ? mul(dy, c) : Tensor()};
      });
}

Tensor square(const Argument& x) { return mul({x.tensor(), x.place()}, x.tensor()); }

namespace {

Tensor power_of(const Tensor& a, double b, const Place& place) {
  if (b == 0) return add({mul({a, place}, 0.0), place}, 1.0);
  if (b == 1) return mul({a, place}, 1.0);
  if (b == 2) return square({a, place});
  return with_rule(
      {"pow", place}, {a}, [b](auto x) { return pow(x, decltype(x)(b)); },
      [a, b](const Tensor& dy) { return Grads{mul(mul(dy, b), pow(a, b - 1))}; });
}

}  // namespace

Tensor pow(const Operand& a, const Operand& b) {
  const OpName op("pow", a.place());
  if (b.is_number()) return power_of(a.tensor(), b.number(), a.place());
  if (a.is_number())
    return pointwise(op, b.tensor(), [c = a.number().value()](auto y) { return pow(decltype(y)(c), y); });
  // GCC would call the long formula once per element.
  return pointwise(
      op, a.tensor(), b.tensor(), [](auto x, auto y) __attribute__((always_inline)) { return pow(x, y); });
}

namespace {

/// An elementwise op of two operands in any order.
template <class F>
Tensor symmetric(const char* name, const Operand& a, const Operand& b, F formula) {
  const OpName op(name, a.place());
  if (!a.is_number() && !b.is_number()) return pointwise(op, a.tensor(), b.tensor(), formula);
  const Operand &x = a.is_number() ? b : a, &number = a.is_number() ? a : b;
  return pointwise(op, x.tensor(),
                   [formula, c = number.number().value()](auto v) { return formula(v, decltype(v)(c)); });
}

}  // namespace

Tensor minimum(const Operand& a, const Operand& b) {
  if (are_integers(a, b)) {
    return map_integers({"minimum", a.place()}, a, b, [](Index x, Index y) { return std::min(x, y); });
  }
  return symmetric("minimum", a, b, [](auto x, auto y) { return min(x, y); });
}

Tensor maximum(const Operand& a, const Operand& b) {
  if (are_integers(a, b)) {
    return map_integers({"maximum", a.place()}, a, b, [](Index x, Index y) { return std::max(x, y); });
  }
  return symmetric("maximum", a, b, [](auto x, auto y) { return max(x, y); });
}

namespace {

Tensor& rebind(const char* name, Tensor& x, const Operand& y, Tensor (*op)(const Operand&, const Operand&)) {
  if (x.is_leaf() && (x.requires_grad() || !x.name().empty())) {
    throw Error(fmt::format("operator{}=: {} is a parameter. The operator would bind this handle to a new tensor and "
                            "leave the parameter as it is: write x = x {} y for the new tensor, or write the "
                            "parameter's values with nn::copy_into",
                            name, describe(x), name),
                y.place());
  }
  Tensor result = op({x, y.place()}, y);
  if (result.shape() != x.shape()) {
    throw Error(fmt::format("operator{}=: {} would become {}; write x = x {} y for a result of another shape", name,
                            describe(x), describe(result), name),
                y.place());
  }
  x = std::move(result);
  return x;
}

}  // namespace

Tensor& operator+=(Tensor& x, const Operand& y) { return rebind("+", x, y, add); }
Tensor& operator-=(Tensor& x, const Operand& y) { return rebind("-", x, y, sub); }
Tensor& operator*=(Tensor& x, const Operand& y) { return rebind("*", x, y, mul); }
Tensor& operator/=(Tensor& x, const Operand& y) { return rebind("/", x, y, div); }

}  // namespace gradus
