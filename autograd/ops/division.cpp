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
struct FloatingQuotient {
  template <class T>
  static T of(T a, T b) {
    if (b == 0) return a / b;
    const double rest = std::fmod(a, b), whole = (a - rest) / b - (rounds_down(rest, b) ? 1 : 0);
    return static_cast<T>(whole == 0 ? std::copysign(0.0, static_cast<double>(a / b)) : std::nearbyint(whole));
  }
  static float of_short(float a, float b) {
    const double ratio = double{a} / double{b}, whole = std::floor(ratio);
    return static_cast<float>(whole == 0 ? std::copysign(0.0, ratio) : whole);
  }
};

struct FloatingRemainder {
  template <class T>
  static T of(T a, T b) {
    const T rest = std::fmod(a, b);
    return rounds_down(rest, b) ? rest + b : rest;
  }
  static float of_short(float a, float b) {
    const double rest = double{a} - std::floor(double{a} / double{b}) * double{b};
    return static_cast<float>(rest == 0 ? std::copysign(0.0, double{a}) : rest);
  }
};

// Whether the quotient of two floats has at most 27 bits before the point. A double then holds it, rounded down, and
// its product with b, and the quotient does not round up to an integer.
bool is_short(float a, float b) { return std::fabs(double{a} / double{b}) < 0x1p27; }

void check_divisor(const OpName& op, const Operand& divisor) {
  const Tensor b = integer_tensor(divisor);
  const Index* p = b.data<Index>();
  for (Index i = 0, n = b.numel(); i < n; ++i)
    if (p[i] == 0) throw Error(fmt::format("{}: the divisor is 0 at position {}", op.name, i), op.place);
}

// A number as a tensor of the dtype of the other operand.
Tensor floating_tensor(const OpName& op, const Operand& o, const Operand& other) {
  return o.is_number() ? Tensor::full(op, {}, o.number(), other.tensor().dtype()) : o.tensor();
}

// F::of(a, b) of each pair, or F::of_short where all quotients of a block are short; that one compiles to vector
// instructions.
template <class F>
Tensor map_floating(const OpName& op, const Tensor& a, const Tensor& b) {
  if (!is_floating(a.dtype()) || a.dtype() != b.dtype()) {
    throw Error(
        fmt::format("{}: operands {} and {}, expected integers or one floating dtype; convert with to(x, dtype)",
                    op.name, describe(a), describe(b)),
        op.place);
  }
  Tensor out = Tensor::empty(op, broadcast_shapes(op, a.shape(), b.shape()), a.dtype());
  if (a.dtype() == DType::f64) {
    map_pairs<double, double>(a, b, out, [](double u, double v) { return F::of(u, v); });
    return out;
  }
  using In = const float* __restrict;
  map_blocks<float>(
      out,
      [](In x, In y, float* __restrict z, Index n) {
        unsigned longer = 0;
        for (Index k = 0; k < n; ++k) {
          z[k] = F::of_short(x[k], y[k]);
          longer |= static_cast<unsigned>(!is_short(x[k], y[k]));
        }
        if (longer)
          for (Index k = 0; k < n; ++k) z[k] = F::of(x[k], y[k]);
      },
      Broadcast<float>(a, out.shape()), Broadcast<float>(b, out.shape()));
  return out;
}

}  // namespace

Tensor floor_divide(const Operand& a, const Operand& b) {
  const OpName op("floor_divide", a.place());
  if (are_integers(a, b)) {
    check_divisor(op, b);
    return map_integers(op, a, b, integer_quotient);
  }
  const Tensor x = floating_tensor(op, a, b), y = floating_tensor(op, b, a);
  const Tensor q = map_floating<FloatingQuotient>(op, x, y);
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
  const Tensor x = floating_tensor(op, a, b), y = floating_tensor(op, b, a);
  const Tensor rest = map_floating<FloatingRemainder>(op, x, y);
  return record(op, rest, {x, y}, [x, y](const Tensor& dy, Needs needs) {
    return Grads{dy, needs[1] ? neg(mul(dy, floor_divide(x, y))) : Tensor()};
  });
}

}  // namespace gradus
