#pragma once

#include <gradus/autograd/ops/functions.h>
#include <gradus/nn/dropout.h>
#include <gradus/nn/linear.h>

namespace gradus::nn {

enum class Activation { relu, gelu };

inline Tensor activate(const Tensor& x, Activation f) { return f == Activation::relu ? relu(x) : gelu(x); }

/// y = W_2 dropout(f(W_1 x + b_1)) + b_2 at each position (Vaswani et al. 2017, eq. 2). [..., dim] -> [..., dim]
struct FeedForward {
  Linear linear1, linear2;
  Dropout dropout;
  Activation activation;

  FeedForward(Scope scope, Index dim, Index hidden, Activation function = Activation::relu, double dropout_rate = 0)
      : linear1(scope / "linear1", dim, hidden),
        linear2(scope / "linear2", hidden, dim),
        dropout{dropout_rate},
        activation(function) {}

  Tensor operator()(const Tensor& x, Place place = Place::current()) const {
    return linear2(dropout(activate(linear1(x, place), activation), place), place);
  }
};

}  // namespace gradus::nn
