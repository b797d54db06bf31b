#include <gradus/autograd/ops/ctc.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/engine/recompute.h>
#include <gradus/autograd/foundation/math.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/comparison.h>
#include <gradus/autograd/ops/copying.h>
#include <gradus/autograd/ops/indexing.h>
#include <gradus/autograd/ops/internal/reduced_loss.h>
#include <gradus/autograd/ops/joining.h>
#include <gradus/autograd/ops/reduction.h>
#include <gradus/autograd/ops/shape.h>
#include <gradus/autograd/ops/slicing.h>
#include <gradus/autograd/ops/softmax.h>

namespace gradus {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// One sequence of the batch. Its states are the labels with blanks around them: blank, l_1, blank, ..., l_S, blank.
struct Sequence {
  Index frames;
  std::vector<Index> labels;  // of the states

  Index states() const { return std::ssize(labels); }
  Index label(Index s) const { return labels[static_cast<std::size_t>(s)]; }
  // Whether state s may follow s - 2: both are labels, and they differ.
  bool skips_to(Index s) const { return s >= 2 && label(s) != label(s - 2); }
};

struct CtcProblem {
  Index time, classes;
  std::vector<Sequence> sequences;
  Index longest = 1;  // the largest number of states

  Index batch() const { return std::ssize(sequences); }
  Index offset(Index t, Index n) const { return (t * batch() + n) * classes; }
  // alpha [batch, time + 1, longest]
  Index states_offset(Index n, Index t) const { return (n * (time + 1) + t) * longest; }
};

double log_add(double a, double b, double c) {
  const double largest = math::max(a, math::max(b, c));
  if (largest == -infinity) return largest;
  return largest + std::log(std::exp(a - largest) + std::exp(b - largest) + std::exp(c - largest));
}

double log_likelihood(const Sequence& q, const double* alpha) {
  const Index last = q.states() - 1;
  return log_add(alpha[last], last > 0 ? alpha[last - 1] : -infinity, -infinity);
}

template <class F>
void for_sequences(const CtcProblem& p, F f) {
  parallel_each(p.batch(), grain_of(Index{1} << 10, p.time * p.longest), f);
}

// alpha_t(s) = log p(t frames, the last of them in state s), with alpha_0 = log of (1, 0, 0, ...): paths begin in state
// 0 or 1.
template <class T>
void forward(const CtcProblem& p, const T* x, double* alpha, T* loss) {
  for_sequences(p, [&](Index n) {
    const Sequence& q = p.sequences[static_cast<std::size_t>(n)];
    double* now = alpha + p.states_offset(n, 0);
    std::fill_n(now, q.states(), -infinity);
    now[0] = 0;
    for (Index t = 0; t < q.frames; ++t) {
      const double* before = now;
      now += p.longest;
      const T* frame = x + p.offset(t, n);
      for (Index s = 0; s < q.states(); ++s) {
        now[s] = log_add(before[s], s > 0 ? before[s - 1] : -infinity, q.skips_to(s) ? before[s - 2] : -infinity) +
                 static_cast<double>(frame[q.label(s)]);
      }
    }
    loss[n] = static_cast<T>(-log_likelihood(q, now));
  });
}

// dx = -g p(state s at frame t | target), added over the states of a label. dx is zero before.
template <class T>
void backward(const CtcProblem& p, const T* x, const double* alpha, const T* g, T* dx) {
  for_sequences(p, [&](Index n) {
    const Sequence& q = p.sequences[static_cast<std::size_t>(n)];
    const double total = log_likelihood(q, alpha + p.states_offset(n, q.frames));
    if (total == -infinity) return;
    const auto states = static_cast<std::size_t>(q.states());
    // beta(s) = log p(the frames after t | state s at frame t); after(s) is beta with frame t, for the states of t - 1.
    std::vector<double> beta(states, -infinity), after(states);
    std::fill(beta.end() - std::min<Index>(2, q.states()), beta.end(), 0);
    for (Index t = q.frames; t-- > 0;) {
      const double* reached = alpha + p.states_offset(n, t + 1);
      const T* frame = x + p.offset(t, n);
      T* out = dx + p.offset(t, n);
      for (std::size_t s = 0; s < states; ++s) {
        const Index label = q.labels[s];
        out[label] -= static_cast<T>(static_cast<double>(g[n]) * std::exp(reached[s] + beta[s] - total));
        after[s] = beta[s] + static_cast<double>(frame[label]);
      }
      for (std::size_t s = 0; s < states; ++s) {
        beta[s] = log_add(after[s], s + 1 < states ? after[s + 1] : -infinity,
                          s + 2 < states && q.skips_to(static_cast<Index>(s) + 2) ? after[s + 2] : -infinity);
      }
    }
  });
}

// The same in plain ops: x [time, batch, classes] -> [batch].
Tensor in_ops(const CtcProblem& p, const Tensor& x) {
  std::vector<Tensor> losses;
  for (Index n = 0; n < p.batch(); ++n) {
    const Sequence& q = p.sequences[static_cast<std::size_t>(n)];
    const Index states = q.states(), skipped = std::min<Index>(2, states);
    const auto impossible = [&](Index count) { return Tensor::full({count}, -infinity, x.dtype()); };
    const auto zero_where = [&](auto holds) {
      std::vector<double> values;
      for (Index s = 0; s < states; ++s) values.push_back(holds(s) ? 0 : -infinity);
      return to(Tensor::from(values, {states}), x.dtype());
    };
    const Tensor skips = zero_where([&](Index s) { return q.skips_to(s); });
    const Tensor frames = index_select(select(x, 1, n), 1, Tensor::from(q.labels, {states}));  // [time, states]
    // The empty sum, 0, keeps a sequence without frames in the graph.
    Tensor alpha = zero_where([](Index s) { return s == 0; }) + sum(narrow(frames, 0, 0, 0));
    for (Index t = 0; t < q.frames; ++t) {
      const Tensor by_one = concat({impossible(1), narrow(alpha, 0, 0, states - 1)}, 0),
                   by_two = concat({impossible(skipped), narrow(alpha, 0, 0, states - skipped)}, 0) + skips;
      alpha = logsumexp(stack({alpha, by_one, by_two}), 0) + select(frames, 0, t);
    }
    losses.push_back(-logsumexp(narrow(alpha, 0, states - skipped, skipped), 0));
  }
  return losses.empty() ? sum(x, {0, 2}) : stack(losses);
}

Index length_at(const Tensor& lengths, Index n) { return lengths.data<Index>()[n]; }

CtcProblem checked(const OpName& op, const Tensor& x, const Tensor& targets, const Tensor& input_lengths,
                   const Tensor& target_lengths, Index blank) {
  const Index time = x.shape()[0], batch = x.shape()[1], classes = x.shape()[2];
  for (const Tensor* lengths : {&input_lengths, &target_lengths}) {
    if (lengths->dtype() != DType::i64 || lengths->numel() != batch || lengths->rank() > 1) {
      throw Error(
          fmt::format("ctc_loss: the {} {} do not fit log_probs with a batch of {}, expected i64 [{}]",
                      lengths == &input_lengths ? "input_lengths" : "target_lengths", describe(*lengths), batch, batch),
          op.place);
    }
  }
  const bool padded = targets.rank() == 2;
  if (targets.dtype() != DType::i64 || (padded ? targets.shape()[0] != batch : targets.rank() != 1)) {
    throw Error(fmt::format("ctc_loss: the targets {} do not fit log_probs with a batch of {}, expected i64 [{}, "
                            "longest] or [all labels]",
                            describe(targets), batch, batch),
                op.place);
  }
  if (blank < 0 || blank >= classes)
    throw Error(fmt::format("ctc_loss: blank {} is outside [0, {})", blank, classes), op.place);
  CtcProblem p{time, classes, {}};
  Index begin = 0;  // of the labels of a sequence
  for (Index n = 0; n < batch; ++n) {
    const Index frames = length_at(input_lengths, n), length = length_at(target_lengths, n);
    if (frames < 0 || frames > time) {
      throw Error(fmt::format("ctc_loss: input length {} at position {} is outside [0, {}], the frames of log_probs",
                              frames, n, time),
                  op.place);
    }
    if (padded) begin = n * targets.shape()[1];
    const Index room = padded ? targets.shape()[1] : targets.numel() - begin;
    if (length < 0 || length > room) {
      throw Error(fmt::format("ctc_loss: target length {} at position {} is outside [0, {}], the labels of targets {}",
                              length, n, room, describe(targets)),
                  op.place);
    }
    Sequence q{frames, {blank}};
    for (Index i = begin; i < begin + length; ++i) {
      const Index label = targets.data<Index>()[i];
      if (label < 0 || label >= classes || label == blank) {
        throw Error(fmt::format("ctc_loss: label {} at position {} of target {} is {}, expected a label in [0, {}) "
                                "other than the blank {}",
                                label, i - begin, n, label == blank ? "the blank" : "out of range", classes, blank),
                    op.place);
      }
      q.labels.push_back(label);
      q.labels.push_back(blank);
    }
    begin += length;
    p.longest = std::max(p.longest, q.states());
    p.sequences.push_back(std::move(q));
  }
  if (!padded && begin != targets.numel()) {
    throw Error(fmt::format("ctc_loss: the target lengths sum to {}, but targets {} has {} labels", begin,
                            describe(targets), targets.numel()),
                op.place);
  }
  return p;
}

}  // namespace

Tensor ctc_loss(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                const Tensor& target_lengths, const CtcLossOptions& options, Place place) {
  const OpName op("ctc_loss", place);
  check_floating(op, log_probs);
  if (log_probs.rank() != 2 && log_probs.rank() != 3) {
    throw Error(
        fmt::format("ctc_loss: log_probs {}, expected [time, batch, classes] or [time, classes]", describe(log_probs)),
        place);
  }
  const bool single = log_probs.rank() == 2;
  const Tensor x = single ? unsqueeze(log_probs, 1, place) : log_probs;
  const auto p =
      std::make_shared<const CtcProblem>(checked(op, x, targets, input_lengths, target_lengths, options.blank));
  Tensor losses = Tensor::empty(op, {p->batch()}, x.dtype());
  Tensor alpha = Tensor::empty(op, {p->batch(), p->time + 1, p->longest}, DType::f64);
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    forward<T>(*p, x.data<T>(), alpha.mutable_data<double>(), losses.mutable_data<T>());
  });
  Tensor loss = record(op, losses, {x}, [p, x, alpha](const Tensor& dy, Needs needs) {
    if (grad_enabled())
      return gradients_through([p](const std::vector<Tensor>& in) { return in_ops(*p, in[0]); }, {x}, dy, needs);
    Tensor dx = Tensor::zeros(x.shape(), x.dtype());
    dispatch_floating(x.dtype(), [&](auto zero) {
      using T = decltype(zero);
      backward<T>(*p, x.data<T>(), alpha.data<double>(), dy.data<T>(), dx.mutable_data<T>());
    });
    return Grads{dx};
  });
  if (options.zero_infinity) loss = masked_fill(loss, equal({loss.detach(), place}, infinity), 0, place);
  if (options.reduction == Reduction::mean) {
    std::vector<double> scales;
    for (Index n = 0; n < p->batch(); ++n)
      scales.push_back(1 / static_cast<double>(std::max<Index>(1, length_at(target_lengths, n))));
    loss = mul({loss, place}, to(Tensor::from(scales, {p->batch()}), x.dtype()));
  }
  return reduced_loss(op, single ? squeeze(loss, 0, place) : loss, options.reduction);
}

}  // namespace gradus
