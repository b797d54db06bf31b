#pragma once

#include <string>

#include <gradus/autograd/ops/normalization.h>
#include <gradus/nn/layer.h>
#include <gradus/nn/parameters.h>

namespace gradus::nn {

/// Group norm (Wu & He 2018) of [batch, channels, ...], see group_norm. The groups divide the channels.
struct GroupNorm {
  Tensor weight,     ///< [channels]
      bias;          ///< [channels]
  Index num_groups;  // groups of channels, each with its own mean and variance
  double epsilon;    // added to the variance
  std::string path;  // of the scope, for messages

  /// The weight begins as ones, the bias as zeros. Throws for a negative eps and for NaN.
  GroupNorm(Scope scope, Index groups, Index channels, double eps = 1e-5)
      : weight(check_option(scope, "eps", eps).ones("weight", {channels})),
        bias(scope.zeros("bias", {channels})),
        num_groups(groups),
        epsilon(eps),
        path(scope.path()) {}

  /// x [batch, channels, ...] -> the same shape
  Tensor operator()(const Tensor& x, Place place = Place::current()) const {
    const LayerCall layer{"GroupNorm", path, place};
    check_input(layer, "x", x, weight.dtype(), {"batch", weight.shape()[0], "..."});
    return group_norm(x, num_groups, weight, bias, epsilon, place);
  }
};

}  // namespace gradus::nn
