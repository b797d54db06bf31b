// Convolutions and norms as layers: PyTorch's parameters, values, running statistics, and what a store does with them.
// tests/reference/convolution.py prints the numbers, and has the formulas of weights and inputs.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/comparison.h>
#include <gradus/autograd/ops/functions.h>
#include <gradus/autograd/ops/losses.h>
#include <gradus/autograd/ops/pooling.h>
#include <gradus/autograd/ops/reduction.h>
#include <gradus/autograd/ops/shape.h>
#include <gradus/autograd/ops/slicing.h>
#include <gradus/nn/batch_norm.h>
#include <gradus/nn/convolution.h>
#include <gradus/nn/group_norm.h>
#include <gradus/nn/linear.h>
#include <gradus/nn/rms_norm.h>
#include <gradus/optim/adam.h>

#include "catch.h"

namespace gradus::nn_convolution_test {

using Catch::Matchers::ContainsSubstring;

namespace {

std::vector<std::string> paths(const nn::ParameterStore& store) {
  std::vector<std::string> names;
  for (const nn::Parameter& p : store.all()) names.push_back(p.path);
  return names;
}

double largest(const Tensor& t) {
  double m = 0;
  for (const float v : t.detach().to_vector<float>()) m = std::max(m, std::fabs(static_cast<double>(v)));
  return m;
}

// clang-format off
const std::vector<double> expected{5.430572415930186, 6.5595634723693275, 0.011524341978868792, 3.822374001378009, 14.156596040428248, 0.7187753036604183, 0.7805210328741765, -2.490177382103524, 34.045816535438995, 0.7072348111888753, 7.608542007533949, 2.191386769241653, 0.9158235213401378, 5.79590281046349};
// clang-format on

Tensor wave(const Shape& shape, double size, double step, double phase) {
  std::vector<double> v;
  for (Index i = 0; i < shape.numel(); ++i) v.push_back(size * std::sin(step * static_cast<double>(i) + phase));
  return Tensor::from(v, shape);
}
Tensor digest(const Tensor& t) { return sum(t * wave(t.shape(), 1, 0.17, std::acos(-1.0) / 2)); }

struct RestoreThreads {
  ~RestoreThreads() { set_threads(0); }
};

}  // namespace

TEST_CASE("convolution layers have PyTorch's parameters") {
  nn::ParameterStore store(1);
  const nn::Conv1d line(store.root() / "line", 4, 6, 3, {.groups = 2});
  const nn::Conv2d image(store.root() / "image", 3, 8, {3, 5});
  const nn::ConvTranspose2d back(store.root() / "back", 8, 6, 2, {.stride = 2, .groups = 2}, false);
  const nn::ConvTranspose1d longer(store.root() / "longer", 8, 6, 4, {.stride = 2, .groups = 2});
  CHECK(paths(store) == std::vector<std::string>{"line.weight", "line.bias", "image.weight", "image.bias",
                                                 "back.weight", "longer.weight", "longer.bias"});
  CHECK(line.weight.shape() == Shape{6, 2, 3});
  CHECK(image.weight.shape() == Shape{8, 3, 3, 5});
  CHECK(back.weight.shape() == Shape{8, 3, 2, 2});
  CHECK(longer.weight.shape() == Shape{8, 3, 4});
  // U(±1 / sqrt(fan_in)), as torch.nn draws them.
  const auto drawn_from = [](const Tensor& t, double fan_in) {
    CHECK(largest(t) <= 1 / std::sqrt(fan_in));
    CHECK(largest(t) > 0.5 / std::sqrt(fan_in));
  };
  drawn_from(line.weight, 6);
  drawn_from(line.bias, 6);
  drawn_from(image.weight, 45);
  drawn_from(image.bias, 45);
  drawn_from(back.weight, 12);
  drawn_from(longer.weight, 12);
  drawn_from(longer.bias, 12);
}

TEST_CASE("a network of convolutions and norms has PyTorch's values, gradients and running statistics") {
  nn::ParameterStore store(1, DType::f64);
  const nn::Conv2d conv(store.root() / "conv", 2, 4, 3, {.stride = 2, .padding = 1}, false);
  const nn::BatchNorm norm(store.root() / "norm", 4);
  const nn::ConvTranspose2d back(store.root() / "back", 4, 6, 2, {.stride = 2, .groups = 2});
  const nn::GroupNorm groups(store.root() / "groups", 3, 6);
  const nn::Conv1d line(store.root() / "line", 6, 2, 3, {.dilation = 2});
  for (Tensor p : store.trainable()) {
    double phase = 0;
    for (const char c : p.name()) phase += c;
    const std::vector<double> values = wave(p.shape(), 0.4, 0.37, phase).to_vector<double>();
    std::copy(values.begin(), values.end(), p.mutable_data<double>());
  }
  const auto network = [&](const Tensor& x) { return line(flatten(groups(back(relu(norm(conv(x))))), 2)); };
  const Tensor x = wave({3, 2, 6, 5}, 1, 0.53, 1).set_requires_grad();
  std::vector<Tensor> results;
  {
    const nn::Training on;
    results.push_back(network(x));
    digest(results[0]).backward();
  }
  const nn::Training off(false);
  results.insert(results.end(), {network(x), norm.running_mean, norm.running_var, x.grad()});
  for (const Tensor& p : store.trainable()) results.push_back(p.grad());
  REQUIRE(results.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    INFO("number " << i);
    CHECK(digest(results[i].detach()).item() == Approx(expected[i]).epsilon(1e-11).margin(1e-12));
  }
}

TEST_CASE("a transposed convolution of sequences is that of images of height 1") {
  nn::ParameterStore store(1);
  const nn::ConvTranspose1d line(store.root() / "line", 2, 3, 4, {.stride = 2, .padding = 1, .output_padding = 1});
  const Tensor x = Tensor::normal({2, 2, 5}, 0, 1, Philox(1, 1));
  const Tensor y = line(x);
  CHECK(y.shape() == Shape{2, 3, 11});
  const Tensor image = conv_transpose2d(unsqueeze(x, 2), unsqueeze(line.weight, 2), line.bias,
                                        {.stride = {1, 2}, .padding = {0, 1}, .output_padding = {0, 1}});
  CHECK(allclose(y, squeeze(image, 2)));
}

TEST_CASE("the padding `same` keeps the size of an image, with PyTorch's place of an odd zero") {
  const Tensor x = Tensor::normal({2, 3, 5, 6}, 0, 1, Philox(1, 1));
  for (const Index height : {1, 2, 3, 4}) {
    for (const Index dilation : {1, 2}) {
      const Tensor w = Tensor::normal({4, 3, height, 3}, 0, 1, Philox(1, 2));
      const Tensor y = conv2d(x, w, {}, {.padding = Padding::same, .dilation = {dilation, 1}});
      const Index zeros = dilation * (height - 1);
      const Tensor padded = pad(pad(x, 2, zeros / 2, zeros - zeros / 2), 3, 1, 1);
      CHECK(y.shape() == Shape{2, 4, 5, 6});
      CHECK(allclose(y, conv2d(padded, w, {}, {.dilation = {dilation, 1}}), 1e-4, 1e-5));
    }
  }
  nn::ParameterStore store(1);
  const nn::Conv1d line(store.root() / "line", 3, 2, 4, {.padding = Padding::same});
  CHECK(line(select(x, 2, 0)).shape() == Shape{2, 2, 6});
  CHECK_THROWS_WITH(conv2d(x, Tensor::ones({1, 3, 3, 3}), {}, {.stride = {1, 2}, .padding = Padding::same}),
                    ContainsSubstring("conv2d: the stride is 2; with Padding::same, expected 1") &&
                        ContainsSubstring("nn_convolution_test.cpp"));
}

TEST_CASE("convolution layers name their path in errors") {
  nn::ParameterStore store(1);
  const nn::Conv2d conv(store.root() / "stem" / "conv", 3, 8, 3);
  CHECK_THROWS_WITH(conv(Tensor::zeros({2, 4, 5, 5})), ContainsSubstring("Conv2d 'stem.conv'") &&
                                                           ContainsSubstring("[batch, 3, height, width]") &&
                                                           ContainsSubstring("nn_convolution_test.cpp"));
  CHECK_THROWS_WITH(nn::Conv2d(store.root() / "a", 3, 8, 3, {.groups = 2}), ContainsSubstring("divide both"));
  CHECK_THROWS_WITH(nn::Conv1d(store.root() / "b", 4, 8, 3, {.groups = 0}), ContainsSubstring("0 groups"));
  CHECK_THROWS_WITH(nn::Conv1d(store.root() / "c", 4, 8, 0), ContainsSubstring("kernel of 0"));
  const nn::ConvTranspose1d longer(store.root() / "longer", 3, 8, 3);
  CHECK_THROWS_WITH(longer(Tensor::zeros({2, 4, 5})), ContainsSubstring("ConvTranspose1d 'longer'") &&
                                                          ContainsSubstring("[batch, 3, positions]") &&
                                                          ContainsSubstring("nn_convolution_test.cpp"));
  CHECK_THROWS_WITH(nn::ConvTranspose2d(store.root() / "d", -1, 8, 2), ContainsSubstring("-1 and 8 channels"));
  const nn::BatchNorm norm(store.root() / "norm", 3);
  const nn::Training off(false);
  CHECK_THROWS_WITH(norm(Tensor::zeros({2, 4, 5})),
                    ContainsSubstring("BatchNorm 'norm'") && ContainsSubstring("[batch, 3, ...]"));
  const nn::GroupNorm groups(store.root() / "groups", 2, 4);
  CHECK_THROWS_WITH(groups(Tensor::zeros({2})), ContainsSubstring("GroupNorm 'groups'"));
  const nn::RMSNorm rms(store.root() / "rms", 3);
  CHECK_THROWS_WITH(rms(Tensor::zeros({2, 4})), ContainsSubstring("RMSNorm 'rms'") && ContainsSubstring("[..., 3]"));
}

TEST_CASE("batch norm's running statistics move in training, and are buffers") {
  nn::ParameterStore store(1);
  const nn::BatchNorm norm(store.root(), 2);
  CHECK(paths(store) == std::vector<std::string>{"weight", "bias", "running_mean", "running_var"});
  CHECK(store.trainable().size() == 2);
  const Tensor x = Tensor::from<float>({1, 10, 3, 30}, {2, 2}).set_requires_grad();
  {
    const nn::Training on;
    const Tensor y = norm(x);
    sum(y * y).backward();
    CHECK(largest(y) == Approx(1).epsilon(1e-3));
  }
  // mean 2 and 20, unbiased variance 2 and 200; momentum 0.1
  CHECK(norm.running_mean.to_vector<float>() == std::vector<float>{0.2f, 2});
  CHECK(norm.running_var.to_vector<float>() == std::vector<float>{1.1f, 20.9f});
  CHECK_FALSE(norm.running_mean.requires_grad());
  const std::vector<float> before = norm.running_var.to_vector<float>();
  {
    const nn::Training off(false);
    CHECK(norm(x).detach().to_vector<float>()[0] == Approx(0.8 / std::sqrt(1.1)).epsilon(1e-4));
  }
  CHECK_THROWS_WITH(norm(x), ContainsSubstring("BatchNorm") && ContainsSubstring("nn::Training"));
  optim::Adam(store.trainable(), {.weight_decay = 0.5}).step(0.1);
  CHECK(norm.running_var.to_vector<float>() == before);
}

TEST_CASE("a small convolutional network learns, with the same bits at any number of threads") {
  const RestoreThreads restore;
  // Images with a horizontal or a vertical line.
  constexpr Index count = 32, side = 12;
  std::vector<float> pixels(static_cast<std::size_t>(count * side * side));
  std::vector<Index> classes;
  for (Index n = 0; n < count; ++n) {
    classes.push_back(n % 2);
    for (Index i = 0; i < side; ++i) {
      const Index at = n % 2 ? (n % side) * side + i : i * side + n % side;
      pixels[static_cast<std::size_t>(n * side * side + at)] = 1;
    }
  }
  const Tensor images = Tensor::from(pixels, {count, 1, side, side}), labels = Tensor::from(classes, {count});
  std::vector<float> first_bits;
  for (const int threads : {1, 2, 3, 8}) {
    set_threads(threads);
    nn::ParameterStore store(1);
    const nn::Conv2d first(store.root() / "first", 1, 8, 3, {.padding = 1}, false);
    const nn::BatchNorm norm(store.root() / "norm", 8);
    const nn::Conv2d second(store.root() / "second", 8, 16, 3, {.padding = 1});
    const nn::GroupNorm groups(store.root() / "groups", 4, 16);
    const nn::RMSNorm rms(store.root() / "rms", 16);
    const nn::Linear output(store.root() / "output", 16, 2);
    optim::Adam adam(store.trainable());
    double loss_value = 0;
    const nn::Training on;
    for (int step = 0; step < 25; ++step) {
      const Tensor half = max_pool2d(relu(norm(first(images))), 2);
      const Tensor features = adaptive_avg_pool2d(relu(groups(second(half))), 1);
      const Tensor loss = cross_entropy(output(rms(flatten(features, 1))), labels);
      loss.backward();
      adam.step(0.02);
      adam.zero_grad();
      loss_value = loss.item();
    }
    CHECK(loss_value < 0.1);
    std::vector<float> bits;
    for (const nn::Parameter& p : store.all())
      for (const float v : p.tensor.detach().to_vector<float>()) bits.push_back(v);
    if (first_bits.empty()) first_bits = bits;
    CHECK(bits == first_bits);
  }
}

}  // namespace gradus::nn_convolution_test
