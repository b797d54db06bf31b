// DetectAnomaly: the errors it names, the values it accepts, and the bits it must not change.
#include <cmath>
#include <limits>

#include <gradus/autograd/checks/anomaly.h>
#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/engine/recompute.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>
#include <gradus/nn/linear.h>

#include "catch.h"

namespace gradus::autograd_anomaly_test {

using Catch::Matchers::ContainsSubstring;

namespace {

Tensor leaf(const std::vector<float>& values, const std::string& name = "") {
  Tensor t = Tensor::from(values, {std::ssize(values)});
  t.set_requires_grad().set_name(name);
  return t;
}

constexpr float huge = std::numeric_limits<float>::max();

}  // namespace

TEST_CASE("a value that is not finite is found at every position") {
  for (Index n : {1, 7, 16, 33, 200000}) {
    for (Index at : {Index{0}, n / 2, n - 1}) {
      for (float bad : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
        Tensor x = Tensor::full({n}, huge);
        CHECK(all_finite(x));
        x.mutable_data<float>()[at] = bad;
        CHECK_FALSE(all_finite(x));
        CHECK_FALSE(all_finite(to(x, DType::f64)));
      }
    }
  }
}

TEST_CASE("the first op that makes a NaN or infinity is named, with ranges, parameters and place") {
  const DetectAnomaly on;
  const Tensor x = leaf({1, 0, 3}, "decoder.scale");
  CHECK_THROWS_WITH(log(x), ContainsSubstring("the forward pass of 'log' made the first NaN or infinity"));
  CHECK_THROWS_WITH(log(x), ContainsSubstring("'decoder.scale' (f32 [3]) from 0 to 3"));
  CHECK_THROWS_WITH(log(x), ContainsSubstring("autograd_anomaly_test.cpp"));
  CHECK_THROWS_WITH(log(x * 2.0), ContainsSubstring("nearest parameters: 'decoder.scale'"));
  CHECK_THROWS_WITH(exp(x * 1000.0), ContainsSubstring("with 2 infinite"));
}

TEST_CASE("a backward pass that makes the first NaN or infinity is named") {
  const Tensor x = leaf({4, 0, 1}, "variance");
  const DetectAnomaly on;
  CHECK_THROWS_WITH(sum(sqrt(x)).backward(), ContainsSubstring("the backward pass of 'sqrt' made the first"));
  CHECK_THROWS_WITH(sum(sqrt(x)).backward(), ContainsSubstring("its gradient for 'variance'"));
  CHECK_FALSE(x.grad().defined());

  // Gradients that overflow only in their sum, and in the product for a weight.
  const Tensor y = leaf({1e-30f}, "y");
  const Tensor twice = y * 1.0;
  CHECK_THROWS_WITH(sum(concat({twice * double{huge}, twice * double{huge}}, 0)).backward(),
                    ContainsSubstring("received a NaN or infinity in a sum of gradients"));
  nn::ParameterStore store(1);
  const nn::Linear layer(store.root() / "out", 1, 1);
  const Tensor rows = Tensor::full({4, 1}, huge / 2);
  CHECK_THROWS_WITH(sum(layer(rows) * 1e-3).backward({.seed = Tensor::scalar(2e3)}),
                    ContainsSubstring("the backward pass of 'linear' made the first NaN or infinity: its gradient for "
                                      "'out.weight'"));
}

TEST_CASE("parts of gradients are checked too") {
  const Tensor x = leaf({4, 0, 1}, "x");
  const Tensor copy = x * 1.0;
  const DetectAnomaly on;
  CHECK_THROWS_WITH(sum(sqrt(narrow(copy, 0, 1, 1))).backward(), ContainsSubstring("the backward pass of 'sqrt'"));
}

TEST_CASE("an anomaly in recomputed ops names the op inside") {
  const Tensor x = leaf({4, 0, 1}, "x");
  const DetectAnomaly on;
  const Tensor y = checkpoint([](const std::vector<Tensor>& in) { return sqrt(in[0] * 2.0); }, {x});
  CHECK_THROWS_WITH(sum(y).backward(), ContainsSubstring("the backward pass of 'sqrt' made the first"));
}

TEST_CASE("an infinity in an input passes, a NaN in an input is named") {
  const DetectAnomaly on;
  const Tensor x = leaf({1, 2, 3});
  const Tensor hidden = masked_fill(x, Tensor::from(std::vector<float>{0, 1, 0}, {3}), -INFINITY);
  sum(softmax(hidden, 0) * x).backward();
  CHECK(x.grad().defined());
  CHECK_THROWS_WITH(leaf({1, NAN}, "spoilt") + 1.0, ContainsSubstring("received a NaN or infinity"));
}

TEST_CASE("the mode ends with its scope and changes no bits") {
  const auto gradients = [](bool detect) {
    const DetectAnomaly mode(detect);
    nn::ParameterStore store(1);
    const nn::Linear layer(store.root(), 8, 8);
    Tensor h = Tensor::normal({5, 8}, 0, 1, Philox(1, 0));
    for (int step = 0; step < 4; ++step) h = tanh(layer(h)) + narrow(concat({h, h}, 0), 0, 2, 5);
    sum(square(h)).backward();
    return concat({flatten(layer.weight.grad()), layer.bias.grad()}, 0).to_vector<float>();
  };
  CHECK(gradients(true) == gradients(false));
  CHECK_NOTHROW(log(leaf({0})));
}

}  // namespace gradus::autograd_anomaly_test
