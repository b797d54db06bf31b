#pragma once

#include <gradus/autograd/engine/arguments.h>

namespace gradus {

enum class Reduction { none, mean, sum };
struct CrossEntropyOptions {
  Tensor weight = {};  // [classes], or undefined
  Index ignore_index = -100;
  double label_smoothing = 0;
  Reduction reduction = Reduction::mean;  // mean: divided by the weights of the targets that are not ignored
};
/// logits [..., classes], target ids [...]. Unlike PyTorch the classes are the last axis, and a mean over no target is
/// 0, not NaN.
Tensor cross_entropy(const Tensor& logits, const Tensor& target, const CrossEntropyOptions& options = {},
                     Place = Place::current());
Tensor mse_loss(const Tensor& x, const Tensor& target, Reduction reduction = Reduction::mean, Place = Place::current());

}  // namespace gradus
