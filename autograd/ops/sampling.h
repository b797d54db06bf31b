#pragma once

#include <gradus/autograd/engine/arguments.h>

// Random draws from given distributions, without a gradient. They use the numbers of RandomScope, as dropout does, so
// the draws are the same with any number of threads.
namespace gradus {

/// Draws of indices in proportion to their weights: weights [classes] or [rows, classes], in the order of the draws
/// i64 [num_samples] or [rows, num_samples]. Without replacement an index is drawn at most once per row. Throws when a
/// weight is negative or not finite, and when too few weights of a row are positive.
Tensor multinomial(const Tensor& weights, Integer num_samples, Flag replacement = false,
                   Place place = Place::current());
/// 1 with the probability of each element of p, else 0; in p's shape and dtype. Throws unless all are in [0, 1].
Tensor bernoulli(const Argument& p);

}  // namespace gradus
