#pragma once

#include <utility>

#include <gradus/autograd/ops/matmul.h>
#include <gradus/nn/parameters.h>

namespace gradus::nn {

/// y = W x + b. [..., in] -> [..., out]
struct Linear {
  Tensor weight;  // [out, in]
  Tensor bias;    // [out], undefined without bias

  Linear(Scope scope, Index in, Index out, bool with_bias = true)
      : weight(scope.uniform("weight", {out, in})), bias(with_bias ? scope.zeros("bias", {out}) : Tensor()) {}

  /// A layer that shares its weight with another one, such as an output layer with the embedding [vocabulary, dim].
  static Linear tied(Scope scope, const Tensor& weight, bool with_bias = true) {
    return {scope.share("weight", weight), with_bias ? scope.zeros("bias", {weight.size(0)}) : Tensor()};
  }

  /// A projection of attention: no bias, and PyTorch's initial values for it (Glorot & Bengio 2010). With smaller
  /// weights the initial scores are near 0, and attention stays uniform for long.
  static Linear projection(Scope scope, Index in, Index out) {
    return {scope.xavier_uniform("weight", {out, in}), Tensor()};
  }

  Tensor operator()(const Tensor& x, Place place = Place::current()) const { return linear(x, weight, bias, place); }

 private:
  Linear(Tensor w, Tensor b) : weight(std::move(w)), bias(std::move(b)) {}
};

}  // namespace gradus::nn
