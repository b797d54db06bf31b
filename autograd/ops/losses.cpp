#include <gradus/autograd/ops/losses.h>

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <vector>

#include <gradus/autograd/engine/broadcast.h>
#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/engine/recompute.h>
#include <gradus/autograd/foundation/internal/lanes.h>
#include <gradus/autograd/foundation/internal/softmax_row.h>
#include <gradus/autograd/foundation/math.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/comparison.h>
#include <gradus/autograd/ops/indexing.h>
#include <gradus/autograd/ops/internal/reduced_loss.h>
#include <gradus/autograd/ops/pointwise.h>
#include <gradus/autograd/ops/reduction.h>
#include <gradus/autograd/ops/shape.h>
#include <gradus/autograd/ops/softmax.h>

namespace gradus {

namespace {

// The loss of a row is Σ_c q_c (-log p_c), where q_c = ε / C w_c, plus (1 - ε) w_t at the target t.
struct LossProblem {
  CrossEntropyOptions options;
  Tensor target;  // i64 [rows]
  Index rows, classes;
  bool counts(Index r) const { return target.data<Index>()[r] != options.ignore_index.value(); }
};

template <class T>
class Weights {
 public:
  explicit Weights(const LossProblem& p)
      : smoothing_(static_cast<T>(p.options.label_smoothing.value() / static_cast<double>(p.classes))),
        hit_(static_cast<T>(1 - p.options.label_smoothing.value())) {
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
void for_rows(const LossProblem& p, F f) {
  parallel_each(p.rows, grain_of(Index{1} << 14, p.classes), f);
}

template <class T>
void forward(const LossProblem& p, const T* x, T* loss) {
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
void backward(const LossProblem& p, const T* x, const T* g, T* dx) {
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
Tensor distributions(const LossProblem& p, DType dtype) {
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

double counted_weight(const LossProblem& p) {
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

void check_class_weights(const OpName& op, const Tensor& x, const Tensor& weight) {
  const Index classes = x.shape().back();
  if (weight.defined() && (!(weight.shape() == Shape{classes}) || weight.dtype() != x.dtype())) {
    throw Error(fmt::format("{}: class weights {} do not fit {}, expected [{}]", op.name, describe(weight), describe(x),
                            classes),
                op.place);
  }
}

// The target ids of x's rows. Throws unless they, the weights and x fit.
LossProblem checked(const OpName& op, const Tensor& x, const Tensor& target, const CrossEntropyOptions& options) {
  check_floating(op, x);
  if (x.rank() == 0 || !(Shape(x.shape().begin(), x.shape().end() - 1) == target.shape()) ||
      target.dtype() != DType::i64) {
    throw Error(fmt::format("{}: {} and target {} do not fit: expected [..., classes] and i64 [...]", op.name,
                            describe(x), describe(target)),
                op.place);
  }
  const LossProblem p{options, reshape(target, {target.numel()}), target.numel(), x.shape().back()};
  check_class_weights(op, x, options.weight);
  for (Index r = 0; r < p.rows; ++r) {
    if (const Index t = p.target.data<Index>()[r]; p.counts(r) && (t < 0 || t >= p.classes)) {
      throw Error(fmt::format("{}: target {} at position {} is outside [0, {}) and is not ignore_index {}", op.name, t,
                              r, p.classes, options.ignore_index.value()),
                  op.place);
    }
  }
  return p;
}

// The target is a distribution per row.
Tensor of_distributions(const OpName& op, const Tensor& logits, const Tensor& target,
                        const CrossEntropyOptions& options) {
  if (logits.rank() == 0 || !(logits.shape() == target.shape()) || logits.dtype() != target.dtype()) {
    throw Error(fmt::format("cross_entropy: logits {} and target {} do not fit: expected [..., classes] twice, or "
                            "target ids i64 [...]",
                            describe(logits), describe(target)),
                op.place);
  }
  check_class_weights(op, logits, options.weight);
  if (options.ignore_index.value() >= 0) {
    throw Error(fmt::format("cross_entropy: ignore_index {} needs a target of ids, but the target is {}",
                            options.ignore_index.value(), describe(target)),
                op.place);
  }
  const double smoothing = options.label_smoothing, classes = static_cast<double>(logits.shape().back());
  Tensor q = target;
  if (smoothing > 0) q = add({mul({q, op.place}, 1 - smoothing), op.place}, smoothing / classes);
  if (options.weight.defined()) q = mul({q, op.place}, options.weight.detach());
  const Tensor log_likelihoods = sum(mul({q, op.place}, log_softmax(logits, -1, {}, op.place)), -1, false, op.place);
  return reduced_loss(op, neg({log_likelihoods, op.place}), options.reduction,
                      static_cast<double>(rows_of(logits.shape())));
}

void check_one_shape(const OpName& op, const Tensor& x, const Tensor& target) {
  if (!(x.shape() == target.shape()))
    throw Error(fmt::format("{}: {} and {} must have one shape", op.name, describe(x), describe(target)), op.place);
}

void check_broadcasts(const OpName& op, const char* what, const Tensor& weight, const Tensor& x) {
  if (weight.defined() && !broadcasts_to(weight.shape(), x.shape())) {
    throw Error(fmt::format("{}: the {} {} does not broadcast to {}", op.name, what, describe(weight), describe(x)),
                op.place);
  }
}

Tensor weighted(const OpName& op, const Tensor& losses, const Tensor& weight) {
  return weight.defined() ? mul({losses, op.place}, weight) : losses;
}

}  // namespace

Tensor cross_entropy(const Tensor& logits, const Tensor& target, const CrossEntropyOptions& options, Place place) {
  const OpName op("cross_entropy", place);
  if (const double smoothing = options.label_smoothing; !(smoothing >= 0 && smoothing <= 1))
    throw Error(fmt::format("cross_entropy: label_smoothing is {}, expected a number in [0, 1]", smoothing), place);
  if (is_floating(target.dtype())) return of_distributions(op, logits, target, options);
  const LossProblem p = checked(op, logits, target, options);
  const Index classes = p.classes;
  const Tensor rows = reshape(logits, {p.rows, classes}, place);
  Tensor loss = Tensor::empty(op, {p.rows}, logits.dtype());
  dispatch_floating(logits.dtype(), [&](auto zero) {
    using T = decltype(zero);
    forward<T>(p, rows.data<T>(), loss.mutable_data<T>());
  });
  const bool has_weight = options.weight.defined();
  const Input inputs[] = {rows, p.target, has_weight ? options.weight : rows};
  const auto of_logits = [has_weight](Gradient dx) {
    Grads grads{std::move(dx), Tensor()};
    if (has_weight) grads.push_back({});
    return grads;
  };
  const std::span<const Input> read(inputs, has_weight ? 3 : 2);
  const Tensor recorded = record(op, loss, read, [p, rows, of_logits](const Tensor& dy, Needs needs) {
    if (grad_enabled()) {
      Grads grads = gradients_through(
          [&](const std::vector<Tensor>& x) {
            const Tensor q = distributions(p, x[0].dtype());
            return sum(q * (logsumexp(x[0], -1, true) - x[0]), {-1});
          },
          {rows}, dy, needs);
      return of_logits(std::move(grads[0]));
    }
    Tensor dx = Tensor::empty(rows.shape(), rows.dtype());
    dispatch_floating(dx.dtype(), [&](auto zero) {
      using T = decltype(zero);
      backward<T>(p, rows.data<T>(), dy.data<T>(), dx.mutable_data<T>());
    });
    return of_logits(dx);
  });
  return reduced_loss(op, options.reduction == Reduction::none ? reshape(recorded, target.shape(), place) : recorded,
                      options.reduction, counted_weight(p));
}

Tensor nll_loss(const Tensor& x, const Tensor& target, const NllLossOptions& options, Place place) {
  const OpName op("nll_loss", place);
  const LossProblem p = checked(op, x, target, {.weight = options.weight, .ignore_index = options.ignore_index});
  // A target that is ignored reads class 0.
  Tensor ids = Tensor::zeros(op, {p.rows, 1}, DType::i64), ignored = Tensor::zeros(op, {p.rows}, x.dtype()),
         scale = Tensor::empty(op, {p.rows}, x.dtype());
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const Weights<T> weights(p);
    const Index* targets = p.target.data<Index>();
    Index* id = ids.mutable_data<Index>();
    T *ignore = ignored.mutable_data<T>(), *factor = scale.mutable_data<T>();
    for (Index r = 0; r < p.rows; ++r) {
      id[r] = p.counts(r) ? targets[r] : 0;
      ignore[r] = p.counts(r) ? T(0) : T(1);
      factor[r] = -weights.of(id[r]);
    }
  });
  const Tensor at_target = squeeze(gather(reshape(x, {p.rows, p.classes}, place), 1, ids, place), 1, place);
  const Tensor losses = masked_fill(mul({at_target, place}, scale), ignored, 0, place);
  return reduced_loss(op, reshape(losses, target.shape(), place), options.reduction, counted_weight(p));
}

Tensor binary_cross_entropy(const Tensor& x, const Tensor& target, const BinaryCrossEntropyOptions& options,
                            Place place) {
  const OpName op("binary_cross_entropy", place);
  check_floating(op, x);
  check_one_shape(op, x, target);
  check_broadcasts(op, "weight", options.weight, x);
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* p = x.data<T>();
    for (Index i = 0, n = x.numel(); i < n; ++i) {
      if (!(p[i] >= 0 && p[i] <= 1)) {
        throw Error(fmt::format("binary_cross_entropy: {} at position {} of {} is not a probability; for logits use "
                                "binary_cross_entropy_with_logits",
                                p[i], i, describe(x)),
                    place);
      }
    }
  });
  const Tensor losses = pointwise(
      op, x, target,
      [](auto p, auto t) {
        using S = decltype(p);
        return -(t * max(log(p), S(-100))) - (1.0 - t) * max(log1p(-p), S(-100));
      },
      [](auto p, auto t) {
        using S = decltype(p);
        return (p - t) / max(p * (1.0 - p), S(1e-12));
      },
      [](auto p, auto) {
        using S = decltype(p);
        return max(log1p(-p), S(-100)) - max(log(p), S(-100));
      });
  return reduced_loss(op, weighted(op, losses, options.weight), options.reduction);
}

Tensor binary_cross_entropy_with_logits(const Tensor& x, const Tensor& target,
                                        const BinaryCrossEntropyWithLogitsOptions& options, Place place) {
  const OpName op("binary_cross_entropy_with_logits", place);
  check_one_shape(op, x, target);
  check_broadcasts(op, "weight", options.weight, x);
  check_broadcasts(op, "pos_weight", options.pos_weight, x);
  // -log(sigmoid(v)) = softplus(-v), and -log(1 - sigmoid(v)) = softplus(v)
  const Tensor losses =
      options.pos_weight.defined()
          ? pointwise(op, x, target, options.pos_weight,
                      [](auto v, auto t, auto w) { return w * t * softplus(-v) + (1.0 - t) * softplus(v); })
          : pointwise(op, x, target, [](auto v, auto t) { return t * softplus(-v) + (1.0 - t) * softplus(v); });
  return reduced_loss(op, weighted(op, losses, options.weight), options.reduction);
}

Tensor mse_loss(const Tensor& x, const Tensor& target, Reduction reduction, Place place) {
  const OpName op("mse_loss", place);
  check_one_shape(op, x, target);
  return reduced_loss(op, square({sub({x, place}, target), place}), reduction);
}

Tensor l1_loss(const Tensor& x, const Tensor& target, Reduction reduction, Place place) {
  const OpName op("l1_loss", place);
  check_one_shape(op, x, target);
  return reduced_loss(op, pointwise(op, x, target, [](auto v, auto t) { return abs(v - t); }), reduction);
}

Tensor smooth_l1_loss(const Tensor& x, const Tensor& target, Reduction reduction, Scalar beta, Place place) {
  const OpName op("smooth_l1_loss", place);
  check_one_shape(op, x, target);
  const double b = beta;
  if (!(b >= 0)) throw Error(fmt::format("smooth_l1_loss: beta is {}, expected at least 0", b), place);
  const Tensor losses = pointwise(op, x, target, [b](auto v, auto t) {
    const auto d = v - t, distance = abs(d);
    return where(distance < b, (0.5 / b) * (d * d), distance - 0.5 * b);
  });
  return reduced_loss(op, losses, reduction);
}

Tensor huber_loss(const Tensor& x, const Tensor& target, Reduction reduction, Scalar delta, Place place) {
  const OpName op("huber_loss", place);
  check_one_shape(op, x, target);
  const double b = delta;
  if (!(b > 0)) throw Error(fmt::format("huber_loss: delta is {}, expected a positive number", b), place);
  // The slope is the difference, limited to [-delta, delta].
  const auto limited = [b](auto d) {
    using S = decltype(d);
    return max(min(d, S(b)), S(-b));
  };
  const Tensor losses = pointwise(
      op, x, target,
      [b](auto v, auto t) {
        const auto d = v - t, distance = abs(d);
        return where(distance < b, 0.5 * (d * d), b * (distance - 0.5 * b));
      },
      [limited](auto v, auto t) { return limited(v - t); }, [limited](auto v, auto t) { return limited(t - v); });
  return reduced_loss(op, losses, reduction);
}

Tensor kl_div(const Tensor& x, const Tensor& target, Reduction reduction, Flag log_target, Place place) {
  const OpName op("kl_div", place);
  check_one_shape(op, x, target);
  if (reduction == Reduction::batchmean && x.rank() == 0)
    throw Error(fmt::format("kl_div: batchmean needs a leading axis, but x is {}", describe(x)), place);
  const Tensor losses =
      log_target ? pointwise(
                       op, x, target, [](auto v, auto t) { return exp(t) * (t - v); },
                       [](auto, auto t) { return -exp(t); }, [](auto v, auto t) { return exp(t) * (t - v + 1.0); })
                 : pointwise(
                       op, x, target, [](auto v, auto t) { return where(value_of(t) == 0, 0.0, t * (log(t) - v)); },
                       [](auto, auto t) { return -t; },
                       [](auto v, auto t) { return where(value_of(t) == 0, 0.0, log(t) - v + 1.0); });
  return reduction == Reduction::batchmean
             ? reduced_loss(op, losses, Reduction::mean, static_cast<double>(x.shape()[0]))
             : reduced_loss(op, losses, reduction);
}

}  // namespace gradus
