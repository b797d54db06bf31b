#pragma once

#include <gradus/autograd/engine/arguments.h>

// A mean over no elements is 0; PyTorch's is NaN. x and target have one shape unless a comment says otherwise; PyTorch
// broadcasts some of them, with a warning.
namespace gradus {

/// What a loss function returns.
enum class Reduction {
  none,       // a loss per element or target
  mean,       // their mean
  sum,        // their sum
  batchmean,  // of kl_div only: the sum divided by the extent of the leading axis
};

/// The options of cross_entropy.
struct CrossEntropyOptions {
  Tensor weight = {};                     // [classes], or undefined; without a gradient
  Integer ignore_index = -100;            // a target id without loss and gradient
  Scalar label_smoothing = 0;             // in [0, 1]: this part of the target is spread evenly over all classes
  Reduction reduction = Reduction::mean;  // mean: divided by the weights of the targets that are not ignored
};
/// logits [..., classes] and a target: ids [...], or in the dtype of the logits the probabilities [..., classes].
/// Unlike in PyTorch the classes are the last axis. With probabilities, a mean is over [...], the target gets a
/// gradient too, and an ignore_index from 0 on is an error.
Tensor cross_entropy(const Tensor& logits, const Tensor& target, const CrossEntropyOptions& options = {},
                     Place = Place::current());

/// The options of nll_loss.
struct NllLossOptions {
  Tensor weight = {};                     // [classes], or undefined; without a gradient
  Integer ignore_index = -100;            // a target id without loss and gradient
  Reduction reduction = Reduction::mean;  // mean: divided by the weights of the targets that are not ignored
};
/// -x at the target: log-probabilities x [..., classes], target ids [...]. Unlike in PyTorch the classes are the last
/// axis.
Tensor nll_loss(const Tensor& x, const Tensor& target, const NllLossOptions& options = {},
                Place place = Place::current());

/// The options of binary_cross_entropy.
struct BinaryCrossEntropyOptions {
  Tensor weight = {};                     // of each element, broadcast to x; or undefined
  Reduction reduction = Reduction::mean;  // mean: over all elements
};
/// -target log(x) - (1 - target) log(1 - x) of probabilities x. As in PyTorch, the logarithms are at least -100 and the
/// denominator of the gradient, x (1 - x), is at least 1e-12. Throws unless all x are in [0, 1].
Tensor binary_cross_entropy(const Tensor& x, const Tensor& target, const BinaryCrossEntropyOptions& options = {},
                            Place place = Place::current());

/// The options of binary_cross_entropy_with_logits.
struct BinaryCrossEntropyWithLogitsOptions {
  Tensor weight = {};                     // of each element, broadcast to x; or undefined
  Tensor pos_weight = {};                 // of the part of target, broadcast to x; or undefined
  Reduction reduction = Reduction::mean;  // mean: over all elements
};
/// binary_cross_entropy of sigmoid(x), without overflow or cancellation.
Tensor binary_cross_entropy_with_logits(const Tensor& x, const Tensor& target,
                                        const BinaryCrossEntropyWithLogitsOptions& options = {},
                                        Place place = Place::current());

/// (x - target)^2
Tensor mse_loss(const Tensor& x, const Tensor& target, Reduction reduction = Reduction::mean, Place = Place::current());
/// |x - target|
Tensor l1_loss(const Tensor& x, const Tensor& target, Reduction reduction = Reduction::mean,
               Place place = Place::current());
/// (x - target)^2 / (2 beta) where |x - target| < beta, else |x - target| - beta / 2. Throws when beta is negative.
Tensor smooth_l1_loss(const Tensor& x, const Tensor& target, Reduction reduction = Reduction::mean, Scalar beta = 1,
                      Place place = Place::current());
/// delta smooth_l1_loss with beta = delta (Huber 1964). Throws unless delta is positive.
Tensor huber_loss(const Tensor& x, const Tensor& target, Reduction reduction = Reduction::mean, Scalar delta = 1,
                  Place place = Place::current());
/// The Kullback-Leibler divergence of log-probabilities x from a target: target (log(target) - x), 0 where target is 0;
/// or exp(target) (target - x) if log_target. The mean is over all elements; the divergence needs batchmean.
Tensor kl_div(const Tensor& x, const Tensor& target, Reduction reduction = Reduction::mean, Flag log_target = false,
              Place place = Place::current());

}  // namespace gradus
