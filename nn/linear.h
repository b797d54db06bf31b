#pragma once

#include <gradus/autograd/ops.h>
#include <gradus/nn/parameters.h>

namespace gradus::nn {

/// y = W x + b. [..., in] -> [..., out]
struct Linear {
  Tensor weight;  // [out, in]
  Tensor bias;    // [out], undefined without bias

  Linear(Scope scope, Index in, Index out, bool with_bias = true)
      : weight(scope.uniform("weight", {out, in})), bias(with_bias ? scope.zeros("bias", {out}) : Tensor()) {}

  /// The same weight under a second path, as an output layer shares the embedding's table [vocabulary, dim].
  static Linear tied(Scope scope, const Tensor& weight, bool with_bias = true) {
    return {scope.share("weight", weight), with_bias ? scope.zeros("bias", {weight.size(0)}) : Tensor()};
  }

  /// A projection of attention: without bias, drawn as in Glorot & Bengio 2010, as PyTorch draws its own. Smaller
  /// weights would leave the scores near 0, and attention spread evenly for long.
  static Linear projection(Scope scope, Index in, Index out) {
    return {scope.xavier_uniform("weight", {out, in}), Tensor()};
  }

  Tensor operator()(const Tensor& x, Place place = Place::current()) const { return linear(x, weight, bias, place); }

 private:
  Linear(Tensor w, Tensor b) : weight(std::move(w)), bias(std::move(b)) {}
};

}  // namespace gradus::nn
