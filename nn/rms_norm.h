#pragma once

#include <optional>
#include <string>

#include <gradus/autograd/ops/layer_norm.h>
#include <gradus/nn/layer.h>
#include <gradus/nn/parameters.h>

namespace gradus::nn {

/// x / sqrt(mean(x²) + eps) * weight over the last axis (Zhang & Sennrich 2019). [..., dim] -> [..., dim]
struct RMSNorm {
  Tensor weight;                  // [dim]
  std::optional<Scalar> epsilon;  // without a number: the machine epsilon of the dtype
  std::string path;               // of the scope, for messages

  /// The weight begins as ones. Throws for a negative eps and for NaN.
  RMSNorm(Scope scope, Index dim, std::optional<Scalar> eps = {})
      : weight(check_option(scope, "eps", eps.value_or(0)).ones("weight", {dim})), epsilon(eps), path(scope.path()) {}

  /// x [..., dim] -> [..., dim]
  Tensor operator()(const Tensor& x, Place place = Place::current()) const {
    const LayerCall layer{"RMSNorm", path, place};
    check_input(layer, "x", x, weight.dtype(), {"...", weight.shape()[0]});
    return rms_norm(x, weight, epsilon, place);
  }
};

}  // namespace gradus::nn
