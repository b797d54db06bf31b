#include <gradus/autograd/ops/matmul.h>

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <utility>

#include <gradus/autograd/engine/broadcast.h>
#include <gradus/autograd/engine/internal/accumulate.h>
#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/foundation/internal/bf16_gemm.h>
#include <gradus/autograd/foundation/internal/gemm.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/foundation/thread_modes.h>
#include <gradus/autograd/ops/internal/packed_weights.h>
#include <gradus/autograd/ops/shape.h>

namespace gradus {

namespace {

blas::Transpose op_of(bool transposed) { return transposed ? blas::Transpose::yes : blas::Transpose::no; }

// Kept as long as this thread has a RowInvariant, and a Bf16Products.
thread_local PackedWeights packed_weights, bf16_weights;
thread_local int row_invariants = 0, bf16_products_held = 0;

// A product with more rows takes much longer than packing its weight, whose copy would only take memory.
constexpr Index most_kept_rows = 256;

// C = onto + A op(B) in bf16 with a kept copy of op(B), where that pays. False: nothing was computed.
bool multiply_kept(Index m, const float* a, Index lda, const Tensor& b, bool b_t, Onto<float> onto, float* c,
                   Index ldc) {
  if (m > most_kept_rows || m == 0 || b.rank() != 2 || b.numel() == 0) return false;
  const bf16::Word* const packed = bf16_weights.bf16_of(b, op_of(b_t));
  if (packed == nullptr) return false;
  bf16::gemm_packed(m, b.shape()[b_t ? 0 : 1], b.shape()[b_t ? 1 : 0], a, lda, packed, onto, c, ldc);
  return true;
}

Shape leading(const Shape& s) { return Shape(s.begin(), s.end() - 2); }

// op(a) op(b) over broadcast batches of matrices, where op transposes or not. Its gradients are products too.
Tensor product(const OpName& op, const Tensor& a, bool a_t, const Tensor& b, bool b_t) {
  const Index m = a.shape()[a_t ? -1 : -2], k = a.shape()[a_t ? -2 : -1], n = b.shape()[b_t ? -2 : -1];
  if (b.shape()[b_t ? -1 : -2] != k || a.dtype() != b.dtype() || !is_floating(a.dtype())) {
    throw Error(fmt::format("{}: {}{} times {}{} is not a matrix product: the inner extents {} and {} must be equal, "
                            "and both f32 or f64",
                            op.name, describe(a), a_t ? " transposed" : "", describe(b), b_t ? " transposed" : "", k,
                            b.shape()[b_t ? -1 : -2]),
                op.place);
  }
  const Shape batch = broadcast_shapes(op, leading(a.shape()), leading(b.shape()));
  Shape shape = batch;
  shape.push_back(m);
  shape.push_back(n);
  check_shape(op, shape);
  Tensor y = Tensor::empty(op, shape, a.dtype());
  dispatch_floating(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    if (y.numel() == 0) return;
    const T *pa = a.data<T>(), *pb = b.data<T>();
    T* out = y.mutable_data<T>();
    const Index lda = std::max<Index>(1, a.shape().back()), ldb = std::max<Index>(1, b.shape().back()),
                batches = batch.numel();
    // Packing a matrix for one vector takes longer than their product.
    const bool batched_vectors = batch.rank() > 0 && std::min({m, n, k}) == 1;
    const Arithmetic of_thread = arithmetic_of_thread(a_t),
                     how = batched_vectors && of_thread == Arithmetic::bf16 ? Arithmetic::fastest : of_thread;
    if constexpr (std::is_same_v<T, float>)
      if (how == Arithmetic::bf16 && batches == 1 && !a_t && multiply_kept(m, pa, lda, b, b_t, {}, out, n)) return;
    auto one = [&](const T* x, const T* w, T* c) {
      gemm<T>(op_of(a_t), op_of(b_t), m, n, k, x, lda, w, ldb, {}, c, std::max<Index>(1, n), how);
    };
    if (batches == 1) {
      one(pa, pb, out);
      return;
    }
    const auto step_a = broadcast_strides(leading(a.shape()), batch),
               step_b = broadcast_strides(leading(b.shape()), batch);
    parallel_each(batches, grain_of(Index{1} << 18, m * n * k), [&](Index i) {
      Index rest = i, at = 0, bt = 0;
      for (Index d = batch.rank(); d-- > 0; rest /= batch[d]) {
        at += rest % batch[d] * step_a[static_cast<std::size_t>(d)];
        bt += rest % batch[d] * step_b[static_cast<std::size_t>(d)];
      }
      one(pa + at * m * k, pb + bt * k * n, out + i * m * n);
    });
  });
  return record(op, y, {a, b}, [op, a, a_t, b, b_t](const Tensor& dy, Needs needs) {
    Gradient da, db;
    if (needs[0]) da = a_t ? product(op, b, b_t, dy, true) : product(op, dy, false, b, !b_t);
    if (needs[1]) {
      if (a.rank() == 2 && b.rank() == 2 && !a_t && !grad_enabled())
        db = b_t ? Gradient::rows_product(a, dy) : Gradient::rows_product(dy, a);
      else
        db = b_t ? product(op, dy, true, a, a_t) : product(op, a, !a_t, dy, false);
    }
    return Grads{da, db};
  });
}

// The gradient of a weight [out, in] from x [..., in] and dy [..., out]: dyᵀ x, as rows.
Gradient weight_gradient(const Tensor& x, const Tensor& dy) {
  if (!grad_enabled()) return Gradient::rows_product(x, dy);
  const auto as_rows = [](const Tensor& t) { return reshape(t, {rows_of(t.shape()), t.shape().back()}); };
  return product(OpName("matmul"), as_rows(dy), true, as_rows(x), false);
}

}  // namespace

RowInvariant::RowInvariant() : before_(std::exchange(thread_modes.row_invariant, true)) { ++row_invariants; }
RowInvariant::~RowInvariant() {
  thread_modes.row_invariant = before_;
  if (--row_invariants == 0) packed_weights.clear();
}
bool row_invariant() { return thread_modes.row_invariant; }

Bf16Products::Bf16Products() : before_(std::exchange(thread_modes.bf16_products, true)) { ++bf16_products_held; }
Bf16Products::~Bf16Products() {
  thread_modes.bf16_products = before_;
  if (--bf16_products_held == 0) bf16_weights.clear();
}
bool bf16_products() { return thread_modes.bf16_products; }

Tensor matmul(const Argument& left, const Argument& right) {
  const Place& place = left.place();
  const OpName op("matmul", place);
  const Tensor &a = left.tensor(), &b = right.tensor();
  if (a.rank() == 0 || b.rank() == 0)
    throw Error(fmt::format("matmul: {} times {}: both need at least one axis", describe(a), describe(b)), place);
  if (a.rank() == 1) {
    const Tensor y = matmul({unsqueeze(a, 0, place), place}, b);
    return squeeze(y, b.rank() == 1 ? 0 : -2, place);
  }
  if (b.rank() == 1) return squeeze(matmul({a, place}, unsqueeze(b, 1, place)), -1, place);
  if (a.rank() == 2 || b.rank() > 2 || a.shape().back() != b.shape()[0]) return product(op, a, false, b, false);
  // One product for all rows: [..., k] -> [rows, k] -> [rows, n] -> [..., n]
  Shape shape = a.shape();
  shape[-1] = b.shape()[1];
  check_shape(op, shape);
  return reshape(product(op, reshape(a, {rows_of(a.shape()), a.shape().back()}, place), false, b, false), shape, place);
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Place place) {
  const OpName op("linear", place);
  if (weight.rank() != 2 || x.rank() == 0 || x.shape().back() != weight.shape()[1] || x.dtype() != weight.dtype()) {
    throw Error(
        fmt::format("linear: x {} does not fit the weight {}: expected x [..., in], weight [out, in] and one dtype",
                    describe(x), describe(weight)),
        place);
  }
  const Index in = weight.shape()[1], out = weight.shape()[0];
  check_floating(op, x);
  Shape shape = x.shape();
  shape[-1] = out;
  check_shape(op, shape);
  const bool whole = bias.defined() && bias.shape() == shape;
  if (bias.defined() && ((!whole && !(bias.shape() == Shape{out})) || bias.dtype() != x.dtype())) {
    throw Error(fmt::format("linear: bias {} does not fit the weight {}: expected [{}] or {}", describe(bias),
                            describe(weight), out, to_string(shape)),
                place);
  }
  Tensor y = Tensor::empty(op, shape, x.dtype());
  const Index rows = y.numel() / std::max<Index>(1, out);
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const Onto<T> onto{.rows = bias.defined() ? bias.data<T>() : nullptr, .step = whole ? out : 0};
    const Arithmetic how = arithmetic_of_thread(false);
    if constexpr (std::is_same_v<T, float>)
      if (how == Arithmetic::bf16 && multiply_kept(rows, x.data<T>(), in, weight, true, onto, y.mutable_data<T>(), out))
        return;
    const T* packed = how == Arithmetic::by_rows && y.numel() * in > 0 ? packed_weights.of<T>(weight) : nullptr;
    if (packed) {
      gemm_packed<T>(rows, out, in, x.data<T>(), in, packed, onto, y.mutable_data<T>(), out);
    } else {
      gemm<T>(blas::Transpose::no, blas::Transpose::yes, rows, out, in, x.data<T>(), std::max<Index>(1, in),
              weight.data<T>(), std::max<Index>(1, in), onto, y.mutable_data<T>(), std::max<Index>(1, out), how);
    }
  });
  const bool has_bias = bias.defined();
  const Input inputs[] = {x, weight, unread(has_bias ? bias : weight)};
  return record(op, y, std::span<const Input>(inputs, has_bias ? 3 : 2),
                [x, weight, has_bias](const Tensor& dy, Needs needs) {
                  Grads grads;
                  grads.push_back(needs[0] ? Gradient(matmul(dy, weight)) : Gradient());
                  grads.push_back(needs[1] ? weight_gradient(x, dy) : Gradient());
                  if (has_bias) grads.push_back(dy);
                  return grads;
                });
}

}  // namespace gradus
