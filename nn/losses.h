#pragma once

#include <algorithm>

#include <gradus/autograd/ops/losses.h>

namespace gradus::nn {

/// The options of sequence_cross_entropy.
struct SequenceLossOptions {
  double label_smoothing = 0;             // share of the probability that all classes get in equal parts, [0, 1]
  Index pad = 0;                          // targets with this id are ignored
  Reduction reduction = Reduction::mean;  // mean: over the targets that count
};

/// Cross-entropy of teacher forcing: logits [batch, time, vocabulary], target ids [batch, time] -> a scalar, or
/// [batch, time] with Reduction::none. Padding has no loss and no gradient.
inline Tensor sequence_cross_entropy(const Tensor& logits, const Tensor& target,
                                     const SequenceLossOptions& options = {}, Place place = Place::current()) {
  return cross_entropy(
      logits, target,
      {.ignore_index = options.pad, .label_smoothing = options.label_smoothing, .reduction = options.reduction}, place);
}

/// The number of targets that count.
inline Index token_count(const Tensor& target, Index pad = 0) {
  const Index* ids = target.data<Index>();
  return target.numel() - std::count(ids, ids + target.numel(), pad);
}

}  // namespace gradus::nn
