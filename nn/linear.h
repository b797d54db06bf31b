#pragma once

#include <string>
#include <utility>

#include <gradus/autograd/ops/matmul.h>
#include <gradus/nn/layer.h>
#include <gradus/nn/parameters.h>

namespace gradus::nn {

/// y = W x + b. [..., in] -> [..., out]
struct Linear {
  Tensor weight;     // [out, in]
  Tensor bias;       // [out], undefined without bias
  std::string path;  // of the scope, for messages

  /// The weight is drawn from U(±1 / sqrt(in)); the bias begins as zeros.
  Linear(Scope scope, Index in, Index out, bool with_bias = true)
      : weight(scope.uniform("weight", {out, in})),
        bias(with_bias ? scope.zeros("bias", {out}) : Tensor()),
        path(scope.path()) {}

  /// A layer that shares its weight with another one, such as an output layer with the embedding [vocabulary, dim].
  static Linear tied(Scope scope, const Tensor& weight, bool with_bias = true) {
    return {scope.share("weight", weight), with_bias ? scope.zeros("bias", {weight.size(0)}) : Tensor(), scope.path()};
  }

  /// A projection of attention: no bias, and PyTorch's initial values for it (Glorot & Bengio 2010). With smaller
  /// weights the initial scores are near 0, and attention stays uniform for long.
  static Linear projection(Scope scope, Index in, Index out) {
    return {scope.xavier_uniform("weight", {out, in}), Tensor(), scope.path()};
  }

  /// x [..., in] -> [..., out]
  Tensor operator()(const Tensor& x, Place place = Place::current()) const {
    const LayerCall layer{"Linear", path, place};
    check_input(layer, "x", x, weight.dtype(), {"...", weight.shape()[1]});
    return linear(x, weight, bias, place);
  }

 private:
  Linear(Tensor w, Tensor b, std::string p) : weight(std::move(w)), bias(std::move(b)), path(std::move(p)) {}
};

}  // namespace gradus::nn
