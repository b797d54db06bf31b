#pragma once

#include <gradus/autograd/engine/arguments.h>

// Norms of x [batch, channels, ...] with a weight and a bias [channels] each, or undefined. For norms over the last
// axis see layer_norm.h.
namespace gradus {

/// (x - mean) / sqrt(var + eps) * weight + bias per channel (Ioffe & Szegedy 2015).
/// - training: with mean and biased variance of the batch. Moves the running statistics [channels], if defined, to
///   (1 - momentum) running + momentum batch, with the unbiased variance. This counts as a write to them.
/// - otherwise: with the running statistics.
/// Throws for a negative eps, and for a momentum outside of [0, 1]. Throws in training for one number per channel, for
/// running statistics that overlap another tensor in memory, and for running statistics in one of several shards, which
/// would write to them at the same time.
Tensor batch_norm(const Tensor& x, const Tensor& running_mean, const Tensor& running_var, const Tensor& weight = {},
                  const Tensor& bias = {}, Flag training = false, Scalar momentum = 0.1, Scalar eps = 1e-5,
                  Place = Place::current());
/// The same with mean and variance of each image and group of channels (Wu & He 2018). One group per channel makes
/// instance norm. Throws for a negative eps.
Tensor group_norm(const Tensor& x, Integer num_groups, const Tensor& weight = {}, const Tensor& bias = {},
                  Scalar eps = 1e-5, Place = Place::current());

}  // namespace gradus
