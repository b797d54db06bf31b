#pragma once

#include <string>

#include <gradus/autograd/ops/layer_norm.h>
#include <gradus/nn/layer.h>
#include <gradus/nn/parameters.h>

namespace gradus::nn {

/// y = (x - mean) / sqrt(var + epsilon) * weight + bias over the last axis, with the biased variance (Ba et al. 2016).
/// [..., dim] -> [..., dim]
struct LayerNorm {
  Tensor weight,     ///< [dim]
      bias;          ///< [dim], undefined without bias
  double epsilon;    // added to the variance
  std::string path;  // of the scope, for messages

  /// The weight begins as ones, the bias as zeros. Throws for a negative eps and for NaN.
  LayerNorm(Scope scope, Index dim, double eps = 1e-5, bool with_bias = true)
      : weight(check_option(scope, "eps", eps).ones("weight", {dim})),
        bias(with_bias ? scope.zeros("bias", {dim}) : Tensor()),
        epsilon(eps),
        path(scope.path()) {}

  /// x [..., dim] -> [..., dim]
  Tensor operator()(const Tensor& x, Place place = Place::current()) const {
    const LayerCall layer{"LayerNorm", path, place};
    check_input(layer, "x", x, weight.dtype(), {"...", weight.shape()[0]});
    return layer_norm(x, weight, bias, epsilon, place);
  }
};

}  // namespace gradus::nn
