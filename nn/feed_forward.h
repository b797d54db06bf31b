#pragma once

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/functions.h>
#include <gradus/autograd/ops/slicing.h>
#include <gradus/nn/dropout.h>
#include <gradus/nn/linear.h>

namespace gradus::nn {

/// f of FeedForward, by element.
enum class Activation { relu, gelu, silu, sigmoid };

/// f(x).
inline Tensor activate(const Tensor& x, Activation f) {
  switch (f) {
    case Activation::relu:
      return relu(x);
    case Activation::gelu:
      return gelu(x);
    case Activation::silu:
      return silu(x);
    case Activation::sigmoid:
      return sigmoid(x);
  }
  throw Error("an activation out of range");
}

/// The options of FeedForward.
struct FeedForwardOptions {
  Activation activation = Activation::relu;  // f
  double dropout = 0;                        // [0, 1)
  bool bias = true;                          // b_1 and b_2
  bool gated = false;                        // W_1 x + b_1 has two halves
};

/// y = W_2 dropout(f(W_1 x + b_1)) + b_2 at each position (Vaswani et al. 2017, eq. 2). Gated, W_1 x + b_1 has two
/// halves [a; g], and y = W_2 dropout(a * f(g)) + b_2 (Shazeer 2020: GLU with sigmoid, ReGLU, GEGLU, SwiGLU with silu).
/// [..., dim] -> [..., dim]
struct FeedForward {
  Linear linear1,         ///< W_1 [hidden, dim], gated [2 hidden, dim], and b_1
      linear2;            ///< W_2 [dim, hidden] and b_2
  Dropout dropout;        // of the inner numbers, in training
  Activation activation;  // f
  bool gated;             // FeedForwardOptions::gated

  /// `hidden` is the number of inner numbers, gated of each half.
  FeedForward(Scope scope, Index dim, Index hidden, const FeedForwardOptions& o = {})
      : linear1(scope / "linear1", dim, o.gated ? 2 * hidden : hidden, o.bias),
        linear2(scope / "linear2", hidden, dim, o.bias),
        dropout{o.dropout},
        activation(o.activation),
        gated(o.gated) {}

  /// x [..., dim] -> [..., dim]
  Tensor operator()(const Tensor& x, Place place = Place::current()) const {
    return linear2(dropout(inner(linear1(x, place)), place), place);
  }

 private:
  Tensor inner(const Tensor& h) const {
    if (!gated) return activate(h, activation);
    const Index hidden = linear2.weight.shape()[1];
    return narrow(h, -1, 0, hidden) * activate(narrow(h, -1, hidden, hidden), activation);
  }
};

}  // namespace gradus::nn
