#include <gradus/autograd/ops/layer_norm.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/foundation/internal/lanes.h>
#include <gradus/autograd/foundation/internal/row_sums.h>
#include <gradus/autograd/foundation/internal/scratch.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/functions.h>
#include <gradus/autograd/ops/internal/affine_norm.h>
#include <gradus/autograd/ops/internal/moments.h>
#include <gradus/autograd/ops/reduction.h>

namespace gradus {

namespace {

constexpr Index row_block = 64, few_rows = 8;

// Of layer_norm, or with `centred` false of rms_norm, which subtracts no mean.
struct Norm {
  double epsilon;
  bool centred;
};

template <class T>
[[gnu::noinline]] void normalise(Index n, const Moments<T> m, const T* __restrict x, const T* __restrict w,
                                 const T* __restrict b, T* __restrict y) {
  for (Index i = 0; i < n; ++i) y[i] = (x[i] - m.mean) * m.inverse_std * w[i] + b[i];
}

// One row of the gradients, with x̂ = (x - mean) / std and g = dy weight: dx = (g - mean(g) - x̂ mean(g x̂)) / std, and
// the row's terms of dweight = Σ dy x̂ and dbias = Σ dy. If not centred, mean(g) is left out.
template <class T>
[[gnu::noinline]] void backward_row(Index n, bool centred, const Moments<T> m, const T* __restrict x,
                                    const T* __restrict w, const T* __restrict dy, T* __restrict dx, T* __restrict dw,
                                    T* __restrict db) {
  const T count = static_cast<T>(n);
  const T sum_g = centred ? lane_sum<T>(n, [=](Index i) { return dy[i] * w[i]; }) / count : T(0);
  const T sum_gx = lane_sum<T>(n, [=](Index i) { return dy[i] * w[i] * (x[i] - m.mean); }) * m.inverse_std / count;
  for (Index i = 0; i < n; ++i) {
    const T normal = (x[i] - m.mean) * m.inverse_std;
    dx[i] = (dy[i] * w[i] - sum_g - normal * sum_gx) * m.inverse_std;
    dw[i] += dy[i] * normal;
    db[i] += dy[i];
  }
}

// Parameter gradients are summed by blocks of rows, which the shape determines: eight rows in sequence, and these sums
// in a tree.
template <class T>
void backward(const Tensor& x, const Tensor& weight, const Tensor& dy, const Norm& norm, T* dx, T* dw, T* db) {
  if (x.numel() == 0) return;
  const Index n = x.shape().back(), rows = x.numel() / n, blocks = (rows + row_block - 1) / row_block;
  const T *px = x.data<T>(), *pdy = dy.data<T>();
  const Row<T> w(weight, n, T(1));
  const Scratch<T> partial(2 * blocks * n);  // [blocks, 2, n]: sums of a block's rows
  parallel_for(blocks, 4, [&](Index begin, Index end) {
    const Scratch<T> sums(row_block / few_rows * 2 * n);  // [row_block / few_rows, 2, n]
    for (Index b = begin; b < end; ++b) {
      const Index last = std::min(rows, (b + 1) * row_block);
      T* few = sums.data();
      for (Index first = b * row_block; first < last; first += few_rows, few += 2 * n) {
        std::fill_n(few, 2 * n, T(0));
        for (Index r = first; r < std::min(last, first + few_rows); ++r)
          backward_row<T>(n, norm.centred, moments(px + r * n, n, norm.epsilon, norm.centred), px + r * n, w,
                          pdy + r * n, dx + r * n, few, few + n);
      }
      sum_rows<T>(sums.data(), (few - sums.data()) / (2 * n), 2 * n, partial.data() + 2 * b * n);
    }
  });
  const Scratch<T> total(2 * n);
  sum_rows<T>(partial.data(), blocks, 2 * n, total.data());
  if (dw) std::copy_n(total.data(), n, dw);
  if (db) std::copy_n(total.data() + n, n, db);
}

Tensor in_plain_ops(const Tensor& x, const Tensor& weight, const Tensor& bias, const Norm& norm) {
  const Tensor centred = norm.centred ? x - mean(x, {-1}, true) : x;
  Tensor y = centred * rsqrt(mean(square(centred), {-1}, true) + norm.epsilon);
  if (weight.defined()) y = y * weight;
  return bias.defined() ? y + bias : y;
}

Tensor normalised(const OpName& op, const Tensor& x, const Tensor& weight, const Tensor& bias, const Norm& norm) {
  check_floating(op, x);
  check_epsilon(op, norm.epsilon);
  if (x.rank() == 0) throw Error(fmt::format("{}: {} has no axis to normalise over", op.name, describe(x)), op.place);
  const Index n = x.shape().back();
  for (const Tensor* t : {&weight, &bias}) {
    if (t->defined() && (!(t->shape() == Shape{n}) || t->dtype() != x.dtype())) {
      throw Error(
          fmt::format("{}: {} does not fit {}, expected [{}] of the same dtype", op.name, describe(*t), describe(x), n),
          op.place);
    }
  }
  Tensor y = Tensor::empty(op, x.shape(), x.dtype());
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* p = x.data<T>();
    const Row<T> w(weight, n, T(1)), b(bias, n, T(0));
    T* out = y.mutable_data<T>();
    parallel_each(n ? x.numel() / n : 0, grain_of(Index{1} << 14, n), [&](Index r) {
      normalise<T>(n, moments(p + r * n, n, norm.epsilon, norm.centred), p + r * n, w, b, out + r * n);
    });
  });
  return record_norm(
      op, y, x, weight, bias, {},
      [norm](const Tensor& x, const Tensor& weight, const Tensor& bias) { return in_plain_ops(x, weight, bias, norm); },
      [x, weight, norm]<class T>(const Tensor& dy, T* dx, T* dw, T* db) { backward(x, weight, dy, norm, dx, dw, db); });
}

}  // namespace

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, Scalar epsilon, Place place) {
  return normalised(OpName("layer_norm", place), x, weight, bias, {epsilon, true});
}

Tensor rms_norm(const Tensor& x, const Tensor& weight, std::optional<Scalar> eps, Place place) {
  const double epsilon = x.dtype() == DType::f64 ? std::numeric_limits<double>::epsilon()
                                                 : static_cast<double>(std::numeric_limits<float>::epsilon());
  return normalised(OpName("rms_norm", place), x, weight, {}, {eps ? double{*eps} : epsilon, false});
}

}  // namespace gradus
