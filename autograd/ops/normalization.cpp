#include <gradus/autograd/ops/normalization.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/foundation/internal/lanes.h>
#include <gradus/autograd/foundation/internal/scratch.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/functions.h>
#include <gradus/autograd/ops/internal/affine_norm.h>
#include <gradus/autograd/ops/internal/channels.h>
#include <gradus/autograd/ops/reduction.h>

namespace gradus {

namespace {

// Calls f(channel, numbers) with the numbers of each channel in a row.
template <class T, class F>
void for_channels(const Channels& c, std::initializer_list<const T*> tensors, F f) {
  // Threads do not write to the same lines of a cache.
  const Index grain = std::max(grain_of(Index{1} << 14, c.numbers()), c.inner < 16 ? Index{16} : 1);
  parallel_for(c.count, grain, [&](Index begin, Index end) {
    const Scratch<T> rows(std::ssize(tensors) * c.numbers());
    for (Index channel = begin; channel < end; ++channel) {
      T* to = rows.data();
      for (const T* x : tensors)
        for (Index n = 0; n < c.batch; ++n, to += c.inner)
          std::copy_n(x + (n * c.count + channel) * c.inner, c.inner, to);
      f(channel, rows.data());
    }
  });
}

// Σ f(i), in blocks.
template <class F>
double sum_of(Index n, F f) {
  constexpr Index block = 4096;
  using T = decltype(f(Index{0}));
  double sum = 0;
  for (Index b = 0; b < n; b += block) sum += lane_sum<T>(std::min(block, n - b), [&](Index i) { return f(b + i); });
  return sum;
}

template <class T>
struct Statistics {
  T *mean, *var;  // [channels]
};

template <class T>
void batch_statistics(const Channels& c, const T* x, Statistics<T> s) {
  for_channels<T>(c, {x}, [&](Index channel, const T* row) {
    const double n = static_cast<double>(c.numbers());
    const T mean = static_cast<T>(sum_of(c.numbers(), [row](Index i) { return row[i]; }) / n);
    s.mean[channel] = mean;
    s.var[channel] =
        static_cast<T>(sum_of(c.numbers(), [row, mean](Index i) { return (row[i] - mean) * (row[i] - mean); }) / n);
  });
}

// dx = scale (dy - mean_dy - (x - mean) slope)
template <class T>
[[gnu::noinline]] void backward_row(Index n, T mean, T scale, T mean_dy, T slope, const T* __restrict x,
                                    const T* __restrict dy, T* __restrict dx) {
  for (Index i = 0; i < n; ++i) dx[i] = scale * (dy[i] - mean_dy - (x[i] - mean) * slope);
}

// Mean and variance [2, channels] of the batch.
Tensor statistics_of(const Tensor& x) {
  Tensor s = Tensor::empty({2, x.shape()[1]}, x.dtype());
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* mean = s.mutable_data<T>();
    batch_statistics<T>(Channels(x.shape()), x.data<T>(), {mean, mean + x.shape()[1]});
  });
  return s;
}

// Throws unless the running statistics have bytes of their own, as they are written to.
void check_apart(const OpName& op, const Tensor& mean, const Tensor& var, std::initializer_list<const Tensor*> others) {
  bool apart = !mean.overlaps(var);
  for (const Tensor* t : others) apart = apart && !(t->defined() && (mean.overlaps(*t) || var.overlaps(*t)));
  if (apart) return;
  throw Error(fmt::format("{}: running_mean, running_var, x, weight and bias overlap in memory; expected running "
                          "statistics with bytes of their own",
                          op.name),
              op.place);
}

// running = (1 - momentum) running + momentum batch
void move_running(Tensor running, const Tensor& batch, double momentum, double factor, const Place& place) {
  dispatch_floating(running.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = batch.data<T>();
    T* to = running.mutable_data<T>(place);
    for (Index i = 0, n = running.numel(); i < n; ++i) {
      to[i] = static_cast<T>((1 - momentum) * static_cast<double>(to[i]) +
                             momentum * factor * static_cast<double>(from[i]));
    }
  });
}

struct BatchNorm {
  Tensor mean, var;  // [channels]
  double eps;
  bool training;  // mean and var depend on x
};

template <class T>
T at(const Tensor& t, Index i, T otherwise) {
  return t.defined() ? t.data<T>()[i] : otherwise;
}
template <class T>
T inverse_std(const BatchNorm& norm, Index channel) {
  return T(1) / std::sqrt(norm.var.data<T>()[channel] + static_cast<T>(norm.eps));
}

Tensor values(const OpName& op, const Tensor& x, const Tensor& weight, const Tensor& bias, const BatchNorm& norm) {
  Tensor y = Tensor::empty(op, x.shape(), x.dtype());
  const Channels c(x.shape());
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    if (c.inner == 1) {  // a row per image
      std::vector<T> scales;
      for (Index k = 0; k < c.count; ++k) scales.push_back(inverse_std<T>(norm, k) * at(weight, k, T(1)));
      const T* mean = norm.mean.data<T>();
      parallel_each(c.batch, grain_of(Index{1} << 14, c.count), [&](Index n) {
        for (Index k = 0; k < c.count; ++k) {
          const Index i = n * c.count + k;
          to[i] = (from[i] - mean[k]) * scales[static_cast<std::size_t>(k)] + at(bias, k, T(0));
        }
      });
      return;
    }
    parallel_each(c.batch * c.count, grain_of(Index{1} << 14, c.inner), [&](Index i) {
      const Index k = i % c.count;
      normalise(c.inner, norm.mean.data<T>()[k], inverse_std<T>(norm, k) * at(weight, k, T(1)), at(bias, k, T(0)),
                from + i * c.inner, to + i * c.inner);
    });
  });
  return y;
}

template <class T>
void backward(const Tensor& x, const Tensor& weight, const Tensor& dy, const BatchNorm& norm, T* dx, T* dw, T* db) {
  const Channels c(x.shape());
  const Index n = c.numbers();
  for_channels<T>(c, {x.data<T>(), dy.data<T>()}, [&](Index k, const T* row) {
    const T *g = row + n, mean = norm.mean.data<T>()[k], inverse = inverse_std<T>(norm, k);
    const double sum = sum_of(n, [g](Index i) { return g[i]; }),
                 sum_x = sum_of(n, [row, g, mean](Index i) { return g[i] * (row[i] - mean); });
    if (dw) dw[k] = static_cast<T>(sum_x * static_cast<double>(inverse));
    if (db) db[k] = static_cast<T>(sum);
    // The batch's mean and variance depend on x.
    const double count = static_cast<double>(n);
    const T mean_dy = norm.training ? static_cast<T>(sum / count) : T(0),
            slope = norm.training ? static_cast<T>(sum_x / count) * inverse * inverse : T(0);
    for (Index i = 0; i < c.batch; ++i) {
      backward_row(c.inner, mean, inverse * at(weight, k, T(1)), mean_dy, slope, row + i * c.inner, g + i * c.inner,
                   dx + (i * c.count + k) * c.inner);
    }
  });
}

Tensor in_plain_ops(const Tensor& x, const Tensor& weight, const Tensor& bias, const BatchNorm& norm) {
  Tensor mean = per_channel(norm.mean, x), var = per_channel(norm.var, x);
  if (norm.training) {
    std::vector<Index> axes{0};
    for (Index axis = 2; axis < x.rank(); ++axis) axes.push_back(axis);
    mean = gradus::mean(x, axes, true);
    var = gradus::mean(square(x - mean), axes, true);
  }
  Tensor y = (x - mean) * rsqrt(var + norm.eps);
  if (weight.defined()) y = y * per_channel(weight, x);
  return bias.defined() ? y + per_channel(bias, x) : y;
}

Tensor recorded(const OpName& op, const Tensor& x, const Tensor& weight, const Tensor& bias, const BatchNorm& norm) {
  return record_norm(
      op, values(op, x, weight, bias, norm), x, weight, bias,
      norm.training ? std::vector<Tensor>{} : std::vector{norm.mean, norm.var},
      [norm](const Tensor& x, const Tensor& weight, const Tensor& bias) { return in_plain_ops(x, weight, bias, norm); },
      [x, weight, norm]<class T>(const Tensor& dy, T* dx, T* dw, T* db) { backward(x, weight, dy, norm, dx, dw, db); });
}

}  // namespace

Tensor batch_norm(const Tensor& x, const Tensor& running_mean, const Tensor& running_var, const Tensor& weight,
                  const Tensor& bias, Flag training, Scalar momentum, Scalar eps, Place place) {
  const OpName op("batch_norm", place);
  check_operands(op, x, {&running_mean, &running_var, &weight, &bias});
  check_epsilon(op, eps);
  if (!(momentum >= 0 && momentum <= 1))
    throw Error(fmt::format("batch_norm: momentum is {}, expected a number in [0, 1]", momentum.value()), place);
  if (running_mean.defined() != running_var.defined())
    throw Error("batch_norm: running_mean and running_var must both be defined, or neither", place);
  const bool has_running = running_mean.defined();
  if (!training) {
    if (!has_running) throw Error("batch_norm: there are no running statistics; pass them, or set training", place);
    return recorded(op, x, weight, bias, {running_mean.detach(), running_var.detach(), eps, false});
  }
  const Index n = Channels(x.shape()).numbers();
  if (n == 1) {
    throw Error(fmt::format("batch_norm: x {} has one number per channel, which has no variance to train on; use a "
                            "larger batch",
                            describe(x)),
                place);
  }
  if (has_running && in_shard()) {
    throw Error(
        "batch_norm: the running statistics cannot move in one of several shards, because all would write to "
        "them; train with one shard (train.shards = 1), or use group_norm",
        place);
  }
  if (has_running) check_apart(op, running_mean, running_var, {&x, &weight, &bias});
  const Tensor statistics = statistics_of(x.detach());
  const Shape vector{x.shape()[1]};
  const Tensor mean = statistics.alias(vector), var = statistics.alias(vector, x.shape()[1]);
  if (has_running && n > 0) {
    move_running(running_mean, mean, momentum, 1, place);
    move_running(running_var, var, momentum, static_cast<double>(n) / static_cast<double>(n - 1), place);
  }
  return recorded(op, x, weight, bias, {mean, var, eps, true});
}

}  // namespace gradus
