#include <gradus/autograd/ops/softmax.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/foundation/internal/lanes.h>
#include <gradus/autograd/foundation/internal/softmax_row.h>
#include <gradus/autograd/foundation/math.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/comparison.h>
#include <gradus/autograd/ops/functions.h>
#include <gradus/autograd/ops/reduction.h>
#include <gradus/autograd/ops/shape.h>

namespace gradus {

namespace {

// Calls f(row of x, its number) for each row along the last axis.
template <class T, class F>
void for_rows(const Tensor& x, F f) {
  const Index n = x.shape().back();
  const T* p = x.data<T>();
  parallel_each(n ? x.numel() / n : 0, grain_of(Index{1} << 13, n), [&](Index r) { f(p + r * n, r); });
}

// A tensor of x's shape, with rows computed by f(row of x, n, row of the result).
template <class F>
Tensor map_rows(const OpName& op, const Tensor& x, F f) {
  Tensor y = Tensor::empty(op, x.shape(), x.dtype());
  const Index n = x.shape().back();
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* out = y.mutable_data<T>();
    for_rows<T>(x, [&](const T* p, Index r) { f(p, n, out + r * n); });
  });
  return y;
}

// f over an axis, which is moved to the end and back.
template <class F>
Tensor along(const OpName& op, const Tensor& x, Index axis, F f) {
  check_floating(op, x);
  if (is_scalar_axis(op, axis, x.shape())) return squeeze(f(unsqueeze(x, 0)), 0);
  axis = normalise_axis(op, axis, x.shape());
  return axis == x.rank() - 1 ? f(x) : transpose(f(transpose(x, axis, -1, op.place)), axis, -1, op.place);
}

// x with -inf where the mask is false.
Tensor present(const Tensor& x, const Tensor& mask, const Place& place) {
  return mask.defined() ? masked_fill(x, logical_not({mask, place}), -std::numeric_limits<double>::infinity(), place)
                        : x;
}

// dx = y (dy - Σ dy y). Linear in dy with a symmetric matrix, so its gradient for dy is the same function.
Tensor softmax_backward(const OpName& op, const Tensor& dy, const Tensor& y) {
  Tensor dx = Tensor::empty(op, y.shape(), y.dtype());
  const Index n = y.shape().back();
  dispatch_floating(y.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* g = dy.data<T>();
    T* out = dx.mutable_data<T>();
    for_rows<T>(y, [&](const T* p, Index r) {
      const T* d = g + r * n;
      const T s = lane_sum<T>(n, [&](Index i) { return p[i] * d[i]; });
      for (Index i = 0; i < n; ++i) out[r * n + i] = p[i] * (d[i] - s);
    });
  });
  return record(op, dx, {dy, y}, [op, dy, y](const Tensor& g, Needs needs) {
    Grads grads;
    grads.push_back(needs[0] ? Gradient(softmax_backward(op, g, y)) : Gradient());
    if (needs[1]) {
      const Tensor s = sum(mul(dy, y), {-1}, true), t = sum(mul(g, y), {-1}, true);
      grads.push_back(sub(mul(g, sub(dy, s)), mul(dy, t)));
    } else {
      grads.push_back(Gradient());
    }
    return grads;
  });
}

}  // namespace

Tensor softmax(const Tensor& x, Integer axis, const Tensor& mask, Place place) {
  const OpName op("softmax", place);
  return along(op, present(x, mask, place), axis, [&](const Tensor& t) {
    const Tensor y = map_rows(op, t, [](const auto* p, Index n, auto* out) { softmax_row(p, n, out); });
    return record(op, y, {unread(t)},
                  [op](const Tensor& dy, const Tensor& y) { return Grads{softmax_backward(op, dy, y)}; });
  });
}

Tensor log_softmax(const Tensor& x, Integer axis, const Tensor& mask, Place place) {
  const OpName op("log_softmax", place);
  return along(op, present(x, mask, place), axis, [&](const Tensor& t) {
    const Tensor y = map_rows(op, t, [](const auto* p, Index n, auto* out) {
      const auto [largest, total] = log_sum_row(p, n);
      const auto log_total = math::log(total);
      for (Index i = 0; i < n; ++i) out[i] = total == 0 ? p[i] : (p[i] - largest) - log_total;
    });
    return record(op, y, {unread(t)},
                  [](const Tensor& dy, const Tensor& y) { return Grads{sub(dy, mul(exp(y), sum(dy, {-1}, true)))}; });
  });
}

Tensor logsumexp(const Tensor& x, Integer dim, Flag keepdim, const Tensor& mask, Place place) {
  const OpName op("logsumexp", place);
  check_floating(op, x);
  if (is_scalar_axis(op, dim, x.shape())) return squeeze(logsumexp(unsqueeze(x, 0), 0, false, mask, place), 0, place);
  const Index axis = normalise_axis(op, dim, x.shape());
  const Tensor t = present(x, mask, place);
  const Tensor rows = axis == x.rank() - 1 ? t : transpose(t, axis, -1, place);
  Shape shape = rows.shape();
  shape[-1] = 1;
  Tensor y = Tensor::empty(op, shape, x.dtype());
  const Index n = rows.shape().back();
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* out = y.mutable_data<T>();
    if (n == 0) std::fill_n(out, y.numel(), -std::numeric_limits<T>::infinity());
    for_rows<T>(rows, [&](const T* p, Index r) {
      const auto [largest, total] = log_sum_row(p, n);
      out[r] = largest + math::log(total);
    });
  });
  const Tensor recorded = record(op, y, {rows}, [rows](const Tensor& dy) { return Grads{mul(dy, softmax(rows, -1))}; });
  const Tensor kept = axis == x.rank() - 1 ? recorded : transpose(recorded, axis, -1, place);
  return keepdim ? kept : squeeze(kept, axis, place);
}

}  // namespace gradus
