#pragma once

#include <string>

#include <gradus/autograd/ops/normalization.h>
#include <gradus/nn/layer.h>
#include <gradus/nn/parameters.h>
#include <gradus/nn/training.h>

namespace gradus::nn {

/// Batch norm (Ioffe & Szegedy 2015) of [batch, channels, ...] with any further axes, see batch_norm.
/// - In training it normalises by the batch and moves the running statistics. They are buffers of the store: saved with
///   the parameters, and neither trained nor decayed. It throws in one of several shards (train.shards), which would
///   write to them at the same time. A `checkpoint` around it moves them twice, as in PyTorch.
/// - Otherwise it normalises by the running statistics. It throws while the mode is unset (`Training`).
/// PyTorch's num_batches_tracked, which only a momentum of None reads, is not kept.
struct BatchNorm {
  Tensor weight,        ///< [channels]
      bias;             ///< [channels]
  Tensor running_mean,  ///< [channels]
      running_var;      ///< [channels]
  double epsilon,       ///< added to the variance
      momentum;         ///< share of the batch in the running statistics
  std::string path;     // of the scope, for messages

  /// The weight begins as ones, the bias as zeros; the running statistics begin as zeros and ones. Throws for a
  /// negative eps, and for a momentum outside of [0, 1].
  BatchNorm(Scope scope, Index channels, double eps = 1e-5, double momentum_of_running = 0.1)
      : weight(check_option(check_option(scope, "eps", eps), "momentum", momentum_of_running, 1)
                   .ones("weight", {channels})),
        bias(scope.zeros("bias", {channels})),
        running_mean(scope.buffer("running_mean", Tensor::zeros({channels}, scope.dtype()))),
        running_var(scope.buffer("running_var", Tensor::ones({channels}, scope.dtype()))),
        epsilon(eps),
        momentum(momentum_of_running),
        path(scope.path()) {}

  /// x [batch, channels, ...] -> the same shape
  Tensor operator()(const Tensor& x, Place place = Place::current()) const {
    const LayerCall layer{"BatchNorm", path, place};
    check_input(layer, "x", x, weight.dtype(), {"batch", weight.shape()[0], "..."});
    return batch_norm(x, running_mean, running_var, weight, bias, Training::on_for("BatchNorm", place), momentum,
                      epsilon, place);
  }
};

}  // namespace gradus::nn
