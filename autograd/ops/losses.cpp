#include <gradus/autograd/ops/losses.h>

#include <fmt/format.h>

#include <vector>

#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/engine/recompute.h>
#include <gradus/autograd/foundation/internal/softmax_row.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/reduction.h>
#include <gradus/autograd/ops/shape.h>
#include <gradus/autograd/ops/softmax.h>

namespace gradus {

namespace {

// The loss of a row is Σ_c q_c (-log p_c), where q_c = ε / C w_c, plus (1 - ε) w_t at the target t.
struct Problem {
  CrossEntropyOptions options;
  Tensor target;  // i64 [rows]
  Index rows, classes;
  bool counts(Index r) const { return target.data<Index>()[r] != options.ignore_index; }
};

template <class T>
class Weights {
 public:
  explicit Weights(const Problem& p)
      : smoothing_(static_cast<T>(p.options.label_smoothing / static_cast<double>(p.classes))),
        hit_(static_cast<T>(1 - p.options.label_smoothing)) {
    if (p.options.weight.defined()) w_ = p.options.weight.data<T>();
    total_ = w_ ? lane_sum<T>(p.classes, [this](Index c) { return w_[c]; }) : static_cast<T>(p.classes);
  }
  T of(Index c) const { return w_ ? w_[c] : T(1); }
  T at_target(Index t) const { return hit_ * of(t); }
  T everywhere(Index c) const { return smoothing_ * of(c); }
  T mass(Index t) const { return at_target(t) + smoothing_ * total_; }
  bool smooths() const { return smoothing_ != 0; }

 private:
  const T* w_ = nullptr;
  T smoothing_, hit_, total_;
};

template <class F>
void for_rows(const Problem& p, F f) {
  parallel_each(p.rows, grain_of(Index{1} << 14, p.classes), f);
}

template <class T>
void forward(const Problem& p, const T* x, T* loss) {
  const Weights<T> q(p);
  const Index* target = p.target.data<Index>();
  for_rows(p, [&](Index r) {
    loss[r] = 0;
    if (!p.counts(r)) return;
    const T* row = x + r * p.classes;
    const LogSum<T> sum = log_sum_row(row, p.classes);
    const T log_total = math::log(sum.total);
    // -log p_c = log_total - (x_c - sum.largest)
    T value = q.at_target(target[r]) * (log_total - (row[target[r]] - sum.largest));
    if (q.smooths())
      value += lane_sum<T>(p.classes, [&](Index c) { return q.everywhere(c) * (log_total - (row[c] - sum.largest)); });
    loss[r] = value;
  });
}

// dx = g_r (mass of q * softmax(x) - q)
template <class T>
void backward(const Problem& p, const T* x, const T* g, T* dx) {
  const Weights<T> q(p);
  const Index* target = p.target.data<Index>();
  for_rows(p, [&](Index r) {
    T* out = dx + r * p.classes;
    if (!p.counts(r)) {
      std::fill_n(out, p.classes, T(0));
      return;
    }
    softmax_row(x + r * p.classes, p.classes, out);
    const T scale = g[r] * q.mass(target[r]);
    for (Index c = 0; c < p.classes; ++c) out[c] *= scale;
    if (q.smooths())
      for (Index c = 0; c < p.classes; ++c) out[c] -= g[r] * q.everywhere(c);
    out[target[r]] -= g[r] * q.at_target(target[r]);
  });
}

// q as a tensor [rows, classes].
Tensor distributions(const Problem& p, DType dtype) {
  Tensor t = Tensor::zeros({p.rows, p.classes}, dtype);
  dispatch_floating(dtype, [&](auto zero) {
    using T = decltype(zero);
    const Weights<T> q(p);
    T* out = t.mutable_data<T>();
    for (Index r = 0; r < p.rows; ++r) {
      if (!p.counts(r)) continue;
      for (Index c = 0; c < p.classes; ++c) out[r * p.classes + c] = q.everywhere(c);
      out[r * p.classes + p.target.data<Index>()[r]] += q.at_target(p.target.data<Index>()[r]);
    }
  });
  return t;
}

double counted_weight(const Problem& p) {
  double total = 0;
  for (Index r = 0; r < p.rows; ++r) {
    if (p.counts(r)) {
      const Index t = p.target.data<Index>()[r];
      total += !p.options.weight.defined()              ? 1.0
               : p.options.weight.dtype() == DType::f32 ? static_cast<double>(p.options.weight.data<float>()[t])
                                                        : p.options.weight.data<double>()[t];
    }
  }
  return total;
}

Tensor reduce(const Tensor& loss, const Shape& shape, Reduction reduction, double divisor, const Place& place) {
  if (reduction == Reduction::none) return reshape(loss, shape, place);
  const Tensor total = sum(loss, {}, false, place);
  return reduction == Reduction::sum ? total : mul({total, place}, divisor > 0 ? 1 / divisor : 0);
}

}  // namespace

Tensor cross_entropy(const Tensor& logits, const Tensor& target, const CrossEntropyOptions& options, Place place) {
  const OpName op("cross_entropy", place);
  check_floating(op, logits);
  if (logits.rank() == 0 || !(Shape(logits.shape().begin(), logits.shape().end() - 1) == target.shape()) ||
      target.dtype() != DType::i64) {
    throw Error(fmt::format("cross_entropy: logits {} and target {} do not fit: expected [..., classes] and i64 [...]",
                            describe(logits), describe(target)),
                place);
  }
  const Index classes = logits.shape().back();
  if (options.weight.defined() &&
      (!(options.weight.shape() == Shape{classes}) || options.weight.dtype() != logits.dtype())) {
    throw Error(fmt::format("cross_entropy: class weights {} do not fit {}, expected [{}]", describe(options.weight),
                            describe(logits), classes),
                place);
  }
  if (!(options.label_smoothing >= 0 && options.label_smoothing <= 1)) {
    throw Error(
        fmt::format("cross_entropy: label_smoothing is {}, expected a number in [0, 1]", options.label_smoothing),
        place);
  }
  const Problem p{options, reshape(target, {target.numel()}), target.numel(), classes};
  for (Index r = 0; r < p.rows; ++r) {
    if (const Index t = p.target.data<Index>()[r]; p.counts(r) && (t < 0 || t >= classes)) {
      throw Error(fmt::format("cross_entropy: target {} at position {} is outside [0, {}) and is not ignore_index {}",
                              t, r, classes, options.ignore_index),
                  place);
    }
  }

  const Tensor rows = reshape(logits, {p.rows, classes}, place);
  Tensor loss = Tensor::empty({p.rows}, logits.dtype());
  dispatch_floating(logits.dtype(), [&](auto zero) {
    using T = decltype(zero);
    forward<T>(p, rows.data<T>(), loss.mutable_data<T>());
  });
  const Tensor recorded = record(op, loss, {rows}, [p, rows](const Tensor& dy, Needs needs) {
    if (grad_enabled()) {
      return gradients_through(
          [&](const std::vector<Tensor>& x) {
            const Tensor q = distributions(p, x[0].dtype());
            return sum(q * (logsumexp(x[0], -1, true) - x[0]), {-1});
          },
          {rows}, dy, needs);
    }
    Tensor dx = Tensor::empty(rows.shape(), rows.dtype());
    dispatch_floating(dx.dtype(), [&](auto zero) {
      using T = decltype(zero);
      backward<T>(p, rows.data<T>(), dy.data<T>(), dx.mutable_data<T>());
    });
    return Grads{dx};
  });
  return reduce(recorded, target.shape(), options.reduction, counted_weight(p), place);
}

Tensor mse_loss(const Tensor& x, const Tensor& target, Reduction reduction, Place place) {
  if (!(x.shape() == target.shape()))
    throw Error(fmt::format("mse_loss: {} and {} must have one shape", describe(x), describe(target)), place);
  const Tensor loss = square({sub({x, place}, target), place});
  return reduce(loss, x.shape(), reduction, static_cast<double>(x.numel()), place);
}

}  // namespace gradus
