#pragma once

#include <gradus/autograd/ops/layer_norm.h>
#include <gradus/nn/parameters.h>

namespace gradus::nn {

/// y = (x - mean) / sqrt(var + epsilon) * weight + bias over the last axis, with the biased variance (Ba et al. 2016).
struct LayerNorm {
  Tensor weight, bias;  // [dim]
  double epsilon;

  LayerNorm(Scope scope, Index dim, double eps = 1e-5)
      : weight(scope.ones("weight", {dim})), bias(scope.zeros("bias", {dim})), epsilon(eps) {}

  Tensor operator()(const Tensor& x, Place place = Place::current()) const {
    return layer_norm(x, weight, bias, epsilon, place);
  }
};

}  // namespace gradus::nn
