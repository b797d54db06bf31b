#pragma once

#include <gradus/autograd/engine/arguments.h>
#include <gradus/autograd/ops/losses.h>

namespace gradus {

/// The options of ctc_loss.
struct CtcLossOptions {
  Integer blank = 0;                      // the id of the blank, in [0, classes)
  Reduction reduction = Reduction::mean;  // mean: over the batch, of each loss divided by its target's length (or 1)
  Flag zero_infinity = false;             // a target without any alignment has the loss 0 instead of infinity
};
/// Connectionist temporal classification (Graves et al. 2006): -log of the probability that the frames, without
/// repetitions and blanks, are the target. One loss per sequence: [batch], or reduced.
/// - log_probs [time, batch, classes], from log_softmax; without a batch [time, classes], with lengths of one element.
/// - targets: i64 [batch, longest], where elements past a length are not read, or [all labels in a row]. No label is
///   the blank.
/// - input_lengths, target_lengths: i64 [batch], in frames of log_probs and in labels of targets.
/// - A target that is too long for its input has the loss infinity, and no gradient (PyTorch: NaN).
/// - The gradient is that of log_probs. PyTorch returns that of the logits before log_softmax; behind log_softmax both
///   are equal.
/// Throws for other shapes, and for lengths and labels outside of their ranges.
Tensor ctc_loss(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                const Tensor& target_lengths, const CtcLossOptions& options = {}, Place place = Place::current());

}  // namespace gradus
