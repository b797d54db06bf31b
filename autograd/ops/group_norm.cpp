#include <fmt/format.h>

#include <gradus/autograd/foundation/internal/lanes.h>
#include <gradus/autograd/foundation/internal/row_sums.h>
#include <gradus/autograd/foundation/internal/scratch.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/internal/affine_norm.h>
#include <gradus/autograd/ops/internal/channels.h>
#include <gradus/autograd/ops/internal/moments.h>
#include <gradus/autograd/ops/layer_norm.h>
#include <gradus/autograd/ops/normalization.h>

namespace gradus {

namespace {

struct GroupNorm {
  Index groups;
  double eps;
};

// x as [batch, groups, per_group, inner].
struct Groups : Channels {
  Index groups, per_group, numbers;  // numbers of a group
  Groups(const Shape& s, const GroupNorm& norm)
      : Channels(s), groups(norm.groups), per_group(count / groups), numbers(per_group * inner) {}

  // Calls f(group of the batch, its first channel) on several threads.
  template <class F>
  void each(F f) const {
    parallel_each(batch * groups, grain_of(Index{1} << 14, numbers), [&](Index g) { f(g, g % groups * per_group); });
  }
};

Tensor values(const OpName& op, const Tensor& x, const Tensor& weight, const Tensor& bias, const GroupNorm& norm) {
  Tensor y = Tensor::empty(op, x.shape(), x.dtype());
  if (x.numel() == 0) return y;
  const Groups s(x.shape(), norm);
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const Row<T> w(weight, s.count, T(1)), b(bias, s.count, T(0));
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    s.each([&](Index g, Index channel) {
      const Moments<T> m = moments(from + g * s.numbers, s.numbers, norm.eps);
      for (Index k = 0; k < s.per_group; ++k) {
        const Index at = g * s.numbers + k * s.inner;
        normalise(s.inner, m.mean, m.inverse_std * w[channel + k], b[channel + k], from + at, to + at);
      }
    });
  });
  return y;
}

// dx = scale dy - shift - (x - mean) slope
template <class T>
[[gnu::noinline]] void backward_channel(Index n, T mean, T scale, T shift, T slope, const T* __restrict x,
                                        const T* __restrict dy, T* __restrict dx) {
  for (Index i = 0; i < n; ++i) dx[i] = scale * dy[i] - shift - (x[i] - mean) * slope;
}

// With x̂ = (x - mean) / std and g = dy weight: dx = (g - mean(g) - x̂ mean(g x̂)) / std in each group, dweight = Σ dy x̂
// and dbias = Σ dy.
template <class T>
void backward(const Tensor& x, const Tensor& weight, const Tensor& dy, const GroupNorm& norm, T* dx, T* dw, T* db) {
  if (x.numel() == 0) return;
  const Groups s(x.shape(), norm);
  const Row<T> w(weight, s.count, T(1));
  const T *px = x.data<T>(), *pdy = dy.data<T>();
  const Scratch<T> sums(2 * s.batch * s.count);  // [2, batch, channels]: Σ dy x̂ and Σ dy
  T *of_normal = sums.data(), *of_dy = of_normal + s.batch * s.count;
  s.each([&](Index g, Index channel) {
    const Moments<T> m = moments(px + g * s.numbers, s.numbers, norm.eps);
    T sum_g = 0, sum_gx = 0;
    for (Index k = 0; k < s.per_group; ++k) {
      const T *xk = px + g * s.numbers + k * s.inner, *dyk = pdy + g * s.numbers + k * s.inner;
      const T sum = lane_sum<T>(s.inner, [dyk](Index i) { return dyk[i]; }),
              sum_x = lane_sum<T>(s.inner, [xk, dyk, m](Index i) { return dyk[i] * (xk[i] - m.mean); }) * m.inverse_std;
      of_dy[g * s.per_group + k] = sum;
      of_normal[g * s.per_group + k] = sum_x;
      sum_g += w[channel + k] * sum;
      sum_gx += w[channel + k] * sum_x;
    }
    const T count = static_cast<T>(s.numbers), inverse = m.inverse_std;
    for (Index k = 0; k < s.per_group; ++k) {
      const Index at = g * s.numbers + k * s.inner;
      backward_channel(s.inner, m.mean, inverse * w[channel + k], inverse * (sum_g / count),
                       inverse * inverse * (sum_gx / count), px + at, pdy + at, dx + at);
    }
  });
  if (dw) sum_rows(of_normal, s.batch, s.count, dw);
  if (db) sum_rows(of_dy, s.batch, s.count, db);
}

Tensor in_plain_ops(const Tensor& x, const Tensor& weight, const Tensor& bias, const GroupNorm& norm) {
  const Groups s(x.shape(), norm);
  Tensor y = reshape(layer_norm(reshape(x, {s.batch, s.groups, s.numbers}), {}, {}, norm.eps), x.shape());
  if (weight.defined()) y = y * per_channel(weight, x);
  return bias.defined() ? y + per_channel(bias, x) : y;
}

}  // namespace

Tensor group_norm(const Tensor& x, Integer num_groups, const Tensor& weight, const Tensor& bias, Scalar eps,
                  Place place) {
  const OpName op("group_norm", place);
  check_operands(op, x, {&weight, &bias});
  check_epsilon(op, eps);
  const Index groups = num_groups, channels = x.shape()[1];
  if (groups < 1 || channels % groups != 0) {
    throw Error(
        fmt::format("group_norm: {} groups do not divide the {} channels of x {}", groups, channels, describe(x)),
        place);
  }
  const GroupNorm norm{groups, eps};
  return record_norm(
      op, values(op, x, weight, bias, norm), x, weight, bias, {},
      [norm](const Tensor& x, const Tensor& weight, const Tensor& bias) { return in_plain_ops(x, weight, bias, norm); },
      [x, weight, norm]<class T>(const Tensor& dy, T* dx, T* dw, T* db) { backward(x, weight, dy, norm, dx, dw, db); });
}

}  // namespace gradus
