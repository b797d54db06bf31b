#include <gradus/autograd/ops/comparison.h>

#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <type_traits>

#include <gradus/autograd/engine/broadcast.h>
#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/ops/copying.h>
#include <gradus/autograd/ops/internal/elementwise.h>
#include <gradus/autograd/ops/reduction.h>
#include <gradus/autograd/ops/shape.h>

namespace gradus {

namespace {

// The type of a mask of elements of type T.
template <class T>
using Mask = std::conditional_t<std::is_floating_point_v<T>, T, float>;

DType mask_dtype(const Tensor& t) {
  return dispatch(t.dtype(), [](auto zero) { return dtype_of<Mask<decltype(zero)>>(); });
}

/// A mask of the elements for which `holds` is true.
template <class F>
Tensor test(const OpName& op, const Tensor& x, F holds) {
  Tensor mask = Tensor::empty(op, x.shape(), mask_dtype(x));
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    map_elements<T, Mask<T>>(x, mask, [holds](T v) { return holds(v) ? Mask<T>(1) : Mask<T>(0); });
  });
  return without_gradient(op, mask, {x});
}

/// A mask of the pairs for which `holds` is true.
template <class F>
Tensor test(const OpName& op, const Tensor& a, const Tensor& b, F holds) {
  if (a.dtype() != b.dtype()) {
    throw Error(fmt::format("{}: operands {} and {}, expected one dtype; convert one with to(x, dtype)", op.name,
                            describe(a), describe(b)),
                op.place);
  }
  Tensor mask = Tensor::empty(op, broadcast_shapes(op, a.shape(), b.shape()), mask_dtype(a));
  dispatch(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    map_pairs<T, Mask<T>>(a, b, mask, [holds](T x, T y) { return holds(x, y) ? Mask<T>(1) : Mask<T>(0); });
  });
  return without_gradient(op, mask, {a, b});
}

/// Calls f(element, number) in the dtype of the element, or in f64 if that is i64 and the number is no integer.
template <class F>
auto with_number(const Scalar& number, F f) {
  return [number, f](auto x) {
    if constexpr (std::is_integral_v<decltype(x)>) {
      if (!number.is_integer()) return f(static_cast<double>(x), number.value());
      return f(x, number.integer());
    } else {
      return f(x, static_cast<decltype(x)>(number.value()));
    }
  };
}

/// `holds_swapped(y, x)` is holds(x, y).
template <class F, class G>
Tensor compare(const char* name, const Operand& a, const Operand& b, F holds, G holds_swapped) {
  const OpName op(name, a.place());
  if (b.is_number()) return test(op, a.tensor(), with_number(b.number(), holds));
  if (a.is_number()) return test(op, b.tensor(), with_number(a.number(), holds_swapped));
  return test(op, a.tensor(), b.tensor(), holds);
}

// compare for masks of any two dtypes, with a symmetric `holds`.
template <class F>
Tensor combine(const char* name, const Operand& a, const Operand& b, F holds) {
  if (a.is_number() || b.is_number()) return compare(name, a, b, holds, holds);
  const DType t = a.tensor().dtype() == DType::f64 || b.tensor().dtype() == DType::f64 ? DType::f64 : DType::f32;
  const Tensor x = to(a.tensor().detach(), t), y = to(b.tensor().detach(), t);
  return compare(name, {x, a.place()}, {y, b.place()}, holds, holds);
}

}  // namespace

Tensor equal(const Operand& a, const Operand& b) {
  return compare("equal", a, b, std::equal_to<>{}, std::equal_to<>{});
}
Tensor not_equal(const Operand& a, const Operand& b) {
  return compare("not_equal", a, b, std::not_equal_to<>{}, std::not_equal_to<>{});
}
Tensor less(const Operand& a, const Operand& b) { return compare("less", a, b, std::less<>{}, std::greater<>{}); }
Tensor less_equal(const Operand& a, const Operand& b) {
  return compare("less_equal", a, b, std::less_equal<>{}, std::greater_equal<>{});
}
Tensor greater(const Operand& a, const Operand& b) { return compare("greater", a, b, std::greater<>{}, std::less<>{}); }
Tensor greater_equal(const Operand& a, const Operand& b) {
  return compare("greater_equal", a, b, std::greater_equal<>{}, std::less_equal<>{});
}

Tensor logical_not(const Argument& mask) {
  return test({"logical_not", mask.place()}, mask.tensor(), [](auto x) { return x == 0; });
}
Tensor logical_and(const Operand& a, const Operand& b) {
  return combine("logical_and", a, b, [](auto x, auto y) { return (x != 0) & (y != 0); });
}
Tensor logical_or(const Operand& a, const Operand& b) {
  return combine("logical_or", a, b, [](auto x, auto y) { return (x != 0) | (y != 0); });
}
Tensor logical_xor(const Operand& a, const Operand& b) {
  return combine("logical_xor", a, b, [](auto x, auto y) { return (x != 0) != (y != 0); });
}

Tensor isnan(const Argument& x) {
  return test({"isnan", x.place()}, x.tensor(), [](auto v) { return v != v; });
}
Tensor isinf(const Argument& x) {
  return test({"isinf", x.place()}, x.tensor(), [](auto v) { return std::isinf(static_cast<double>(v)); });
}
Tensor isfinite(const Argument& x) {
  return test({"isfinite", x.place()}, x.tensor(), [](auto v) { return std::isfinite(static_cast<double>(v)); });
}

Tensor isclose(const Tensor& a, const Tensor& b, Scalar rtol, Scalar atol, Flag equal_nan, Place place) {
  return test({"isclose", place}, a, b, [r = rtol.value(), t = atol.value(), nan = bool(equal_nan)](auto u, auto v) {
    if (u == v) return true;
    const double x = static_cast<double>(u), y = static_cast<double>(v), distance = std::fabs(x - y);
    if (nan && std::isnan(x) && std::isnan(y)) return true;
    return std::isfinite(distance) && distance <= t + r * std::fabs(y);
  });
}

bool allclose(const Tensor& a, const Tensor& b, Scalar rtol, Scalar atol, Flag equal_nan, Place place) {
  return all(isclose(a, b, rtol, atol, equal_nan, place)).item() != 0;
}

Tensor causal_mask(Integer n, DType dtype, Place place) {
  Tensor mask = Tensor::zeros(OpName("causal_mask", place), {n, n}, dtype);
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
  Tensor out = Tensor::empty(op, shape, a.dtype());
  dispatch(mask.dtype(), [&](auto of_mask) {
    dispatch(a.dtype(), [&](auto zero) { choose_elements<decltype(of_mask), decltype(zero)>(mask, a, b, out); });
  });
  return out;
}

}  // namespace

Tensor where(const Tensor& mask, const Operand& a, const Operand& b, Place place) {
  const OpName op("where", place);
  const DType dtype = !a.is_number() ? a.tensor().dtype() : !b.is_number() ? b.tensor().dtype() : mask_dtype(mask);
  const auto tensor_of = [&op, dtype](const Operand& o) {
    return o.is_number() ? Tensor::full(op, {}, o.number(), dtype) : o.tensor();
  };
  const Tensor x = tensor_of(a), y = tensor_of(b);
  return record(
      op, choose(op, mask, x, y), {mask, unread(x), unread(y)}, [mask = mask.detach()](const Tensor& dy, Needs needs) {
        return Grads{Tensor(), needs[1] ? where(mask, dy, 0) : Tensor(), needs[2] ? where(mask, 0, dy) : Tensor()};
      });
}

Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value, Place place) {
  return where(mask, value, x, place);
}

}  // namespace gradus
