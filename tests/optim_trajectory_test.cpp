#include <cmath>
#include <functional>
#include <memory>

#include <gradus/optim/adagrad.h>
#include <gradus/optim/adam.h>
#include <gradus/optim/clip.h>
#include <gradus/optim/lion.h>
#include <gradus/optim/rmsprop.h>
#include <gradus/optim/sgd.h>

#include "catch.h"
#include "optim_reference.h"

namespace gradus::optim_trajectory_test {

using namespace gradus::optim;

namespace {

using Make = std::function<std::unique_ptr<Optimizer>(const Tensor& a, const Tensor& b)>;
using Clipping = std::function<double(const std::vector<Tensor>&)>;  // returns the scale for the step

struct Run {
  Make make;
  double lr;
  std::vector<int> skips = {};
  Clipping clip = {};
  DType dtype = DType::f64;
};

Tensor leaf(const std::vector<double>& values, DType dtype) {
  Tensor t = Tensor::empty({std::ssize(values)}, dtype);
  dispatch_floating(dtype, [&](auto zero) {
    for (std::size_t i = 0; i < values.size(); ++i)
      t.mutable_data<decltype(zero)>()[i] = static_cast<decltype(zero)>(values[i]);
  });
  return t.set_requires_grad();
}

std::vector<double> values_of(const Tensor& t) {
  return dispatch_floating(t.dtype(), [&](auto zero) {
    const auto v = t.to_vector<decltype(zero)>();
    return std::vector<double>(v.begin(), v.end());
  });
}

void set_gradient(Tensor& p, int t, int first) {
  std::vector<double> g = values_of(p);
  for (std::size_t i = 0; i < g.size(); ++i)
    g[i] = 0.5 * g[i] + std::sin(1.7 * t + 0.9 * (first + static_cast<int>(i)));
  p.set_grad(leaf(g, p.dtype()).detach());
}

std::vector<double> trajectory(const Run& run) {
  Tensor a = leaf({0.5, -1.2, 2.0}, run.dtype), b = leaf({0.1, -0.7}, run.dtype);
  const auto optimizer = run.make(a, b);
  std::vector<double> noted;
  for (int t = 1; t <= reference::steps.back(); ++t) {
    set_gradient(a, t, 0);
    set_gradient(b, t, 3);
    for (int skipped : run.skips)
      if (t == skipped) b.zero_grad();
    optimizer->step(run.lr, run.clip ? run.clip({a, b}) : 1);
    for (int s : reference::steps) {
      if (s == t) {
        for (const Tensor& p : {a, b})
          for (double v : values_of(p)) noted.push_back(v);
      }
    }
  }
  return noted;
}

void check(const Run& run, const std::vector<double>& expected) {
  for (const DType dtype : {DType::f64, DType::f32}) {
    Run typed = run;
    typed.dtype = dtype;
    const std::vector<double> actual = trajectory(typed);
    REQUIRE(actual.size() == expected.size());
    for (std::size_t i = 0; i < actual.size(); ++i) {
      CAPTURE(name(dtype), i);
      CHECK(actual[i] == Approx(expected[i]).epsilon(0).margin(dtype == DType::f64 ? 1e-12 : 5e-6));
    }
  }
}

template <class Kind, class Options>
Make both(Options options) {
  return [=](const Tensor& a, const Tensor& b) { return std::make_unique<Kind>(std::vector<Tensor>{a, b}, options); };
}

template <class Kind, class Options>
Make grouped(Options options) {
  return [=](const Tensor& a, const Tensor& b) {
    return std::make_unique<Kind>(std::vector<ParameterGroup>{{{a}, 1, std::nullopt}, {{b}, 0.1, 0.3}}, options);
  };
}

}  // namespace

TEST_CASE("SGD follows PyTorch's trajectories") {
  check({both<SGD>(SGDOptions{}), 0.1}, reference::sgd);
  check({both<SGD>(SGDOptions{.weight_decay = 0.05}), 0.1}, reference::sgd_decay);
  check({both<SGD>(SGDOptions{.momentum = 0.9}), 0.1}, reference::sgd_momentum);
  check({both<SGD>(SGDOptions{.momentum = 0.9, .dampening = 0.3, .weight_decay = 0.05}), 0.1},
        reference::sgd_dampening);
  check({both<SGD>(SGDOptions{.momentum = 0.8, .weight_decay = 0.02, .nesterov = true}), 0.1}, reference::sgd_nesterov);
}

TEST_CASE("Adam follows PyTorch's trajectories") {
  check({both<Adam>(AdamOptions{}), 0.05}, reference::adam);
  check({both<Adam>(AdamOptions{.beta1 = 0.7, .beta2 = 0.9, .eps = 1e-3, .weight_decay = 0.1}), 0.05},
        reference::adam_options);
  check({both<Adam>(AdamOptions{.beta2 = 0.6, .weight_decay = 0.1, .amsgrad = true}), 0.05}, reference::adam_amsgrad);
}

TEST_CASE("AdamW follows PyTorch's trajectories") {
  check({both<AdamW>(AdamWOptions{}), 0.05}, reference::adamw);
  check({both<AdamW>(AdamWOptions{.beta1 = 0.8, .beta2 = 0.95, .eps = 1e-4, .weight_decay = 0.2}), 0.05},
        reference::adamw_options);
  check({both<AdamW>(AdamWOptions{.beta2 = 0.6, .amsgrad = true}), 0.05}, reference::adamw_amsgrad);
}

TEST_CASE("RMSprop follows PyTorch's trajectories") {
  check({both<RMSprop>(RMSpropOptions{}), 0.01}, reference::rmsprop);
  check({both<RMSprop>(RMSpropOptions{.alpha = 0.9, .eps = 1e-3, .weight_decay = 0.1}), 0.02},
        reference::rmsprop_options);
  check({both<RMSprop>(RMSpropOptions{.momentum = 0.8}), 0.01}, reference::rmsprop_momentum);
  check({both<RMSprop>(RMSpropOptions{.alpha = 0.8, .centered = true}), 0.01}, reference::rmsprop_centered);
  check({both<RMSprop>(RMSpropOptions{.weight_decay = 0.05, .momentum = 0.5, .centered = true}), 0.01},
        reference::rmsprop_centered_momentum);
}

TEST_CASE("Adagrad follows PyTorch's trajectories") {
  check({both<Adagrad>(AdagradOptions{}), 0.1}, reference::adagrad);
  check({both<Adagrad>(
             AdagradOptions{.lr_decay = 0.1, .weight_decay = 0.1, .initial_accumulator_value = 0.5, .eps = 1e-3}),
         0.1},
        reference::adagrad_options);
}

TEST_CASE("Lion follows the equations of its paper") {
  const double beta1 = 0.8, beta2 = 0.95, decay = 0.1, lr = 0.01;
  std::vector<double> p = {0.5, -1.2, 2.0, 0.1, -0.7}, m(5), expected;
  for (int t = 1; t <= reference::steps.back(); ++t) {
    for (std::size_t i = 0; i < p.size(); ++i) {
      const double g = 0.5 * p[i] + std::sin(1.7 * t + 0.9 * static_cast<double>(i));
      const double c = beta1 * m[i] + (1 - beta1) * g;
      p[i] -= lr * ((c > 0 ? 1 : -1) + decay * p[i]);
      m[i] = beta2 * m[i] + (1 - beta2) * g;
    }
    for (int s : reference::steps)
      if (s == t) expected.insert(expected.end(), p.begin(), p.end());
  }
  check({both<Lion>(LionOptions{.beta1 = beta1, .beta2 = beta2, .weight_decay = decay}), lr}, expected);
}

TEST_CASE("groups have their own learning rate and weight decay, as in PyTorch") {
  check({grouped<SGD>(SGDOptions{.momentum = 0.9}), 0.1}, reference::sgd_groups);
  check({grouped<Adam>(AdamOptions{}), 0.05}, reference::adam_groups);
  check({grouped<AdamW>(AdamWOptions{.weight_decay = 0}), 0.05}, reference::adamw_groups);
  check({grouped<RMSprop>(RMSpropOptions{}), 0.01}, reference::rmsprop_groups);
  check({grouped<Adagrad>(AdagradOptions{}), 0.1}, reference::adagrad_groups);
}

TEST_CASE("a parameter without a gradient keeps its values, moments and step count, as in PyTorch") {
  check({both<SGD>(SGDOptions{.momentum = 0.9, .dampening = 0.3}), 0.1, {1, 2, 6}}, reference::sgd_skips);
  check({both<Adam>(AdamOptions{}), 0.05, {1, 2, 6}}, reference::adam_skips);
  check({both<RMSprop>(RMSpropOptions{.momentum = 0.8}), 0.01, {1, 2, 6}}, reference::rmsprop_skips);
  check({both<Adagrad>(AdagradOptions{.lr_decay = 0.1, .initial_accumulator_value = 0.2}), 0.1, {1, 2, 6}},
        reference::adagrad_skips);
}

TEST_CASE("clipping before a step follows PyTorch's trajectories, in place and within the step") {
  const Clipping in_place = [](const std::vector<Tensor>& ps) {
    CHECK(clip_grad_norm(ps, 0.8).finite());
    return 1.0;
  };
  const Clipping within = [](const std::vector<Tensor>& ps) { return clip_scale(ps, 0.8).scale; };
  const Clipping by_value = [](const std::vector<Tensor>& ps) {
    clip_grad_value(ps, 0.4);
    return 1.0;
  };
  const AdamOptions options{.eps = 0.1, .weight_decay = 0.1};
  check({both<Adam>(options), 0.05, {}, in_place}, reference::adam_clip_norm);
  check({both<Adam>(options), 0.05, {}, within}, reference::adam_clip_norm);
  check({both<SGD>(SGDOptions{.momentum = 0.9}), 0.1, {}, by_value}, reference::sgd_clip_value);
}

}  // namespace gradus::optim_trajectory_test
