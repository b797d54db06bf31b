#include <gradus/autograd/ops/division.h>

#include <fmt/format.h>

#include <cmath>

#include <gradus/autograd/engine/record.h>
#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/internal/integers.h>
#include <gradus/autograd/ops/internal/wrapping.h>

namespace gradus {

namespace {

bool rounds_down(auto rest, auto divisor) { return rest != 0 && (rest < 0) != (divisor < 0); }

Index integer_quotient(Index a, Index b) {
  return b == -1 ? wrapping_sub(Index{0}, a) : a / b - (rounds_down(a % b, b) ? 1 : 0);
}

Index integer_remainder(Index a, Index b) {
  if (b == -1) return 0;
  const Index rest = a % b;
  return rounds_down(rest, b) ? rest + b : rest;
}

// The exact quotient rounded down. floor(a / b) would round twice.
template <class T>
T floating_quotient(T a, T b) {
  if (b == 0) return a / b;
  const T rest = std::fmod(a, b), whole = (a - rest) / b - (rounds_down(rest, b) ? 1 : 0);
  return whole == 0 ? std::copysign(T(0), a / b) : std::nearbyint(whole);
}

template <class T>
T floating_remainder(T a, T b) {
  const T rest = std::fmod(a, b);
  return rounds_down(rest, b) ? rest + b : rest;
}

void check_divisor(const OpName& op, const Operand& divisor) {
  const Tensor b = integer_tensor(divisor);
  const Index* p = b.data<Index>();
  for (Index i = 0, n = b.numel(); i < n; ++i)
    if (p[i] == 0) throw Error(fmt::format("{}: the divisor is 0 at position {}", op.name, i), op.place);
}

// A number as a tensor of the dtype of the other operand.
Tensor floating_tensor(const Operand& o, const Operand& other) {
  return o.is_number() ? Tensor::scalar(o.number(), other.tensor().dtype()) : o.tensor();
}

template <class F>
Tensor map_floating(const OpName& op, const Tensor& a, const Tensor& b, F f) {
  if (!is_floating(a.dtype()) || a.dtype() != b.dtype()) {
    throw Error(
        fmt::format("{}: operands {} and {}, expected integers or one floating dtype; convert with to(x, dtype)",
                    op.name, describe(a), describe(b)),
        op.place);
  }
  Tensor out = Tensor::empty(op, broadcast_shapes(op, a.shape(), b.shape()), a.dtype());
  dispatch_floating(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    map_pairs<T, T>(a, b, out, f);
  });
  return out;
}

}  // namespace

Tensor floor_divide(const Operand& a, const Operand& b) {
  const OpName op("floor_divide", a.place());
  if (are_integers(a, b)) {
    check_divisor(op, b);
    return map_integers(op, a, b, integer_quotient);
  }
  const Tensor x = floating_tensor(a, b), y = floating_tensor(b, a);
  const Tensor q = map_floating(op, x, y, [](auto u, auto v) { return floating_quotient(u, v); });
  return record(op, q, {unread(x), unread(y)}, [](const Tensor& dy) {
    const Tensor none = Tensor::zeros(dy.shape(), dy.dtype());
    return Grads{none, none};
  });
}

Tensor remainder(const Operand& a, const Operand& b) {
  const OpName op("remainder", a.place());
  if (are_integers(a, b)) {
    check_divisor(op, b);
    return map_integers(op, a, b, integer_remainder);
  }
  const Tensor x = floating_tensor(a, b), y = floating_tensor(b, a);
  const Tensor rest = map_floating(op, x, y, [](auto u, auto v) { return floating_remainder(u, v); });
  return record(op, rest, {x, y}, [x, y](const Tensor& dy, Needs needs) {
    return Grads{dy, needs[1] ? neg(mul(dy, floor_divide(x, y))) : Tensor()};
  });
}

}  // namespace gradus
