// Causes one error of each kind, prints its message, and checks that docs/gradients.md quotes it word for word.
#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <regex>
#include <sstream>

#include <gradus/autograd/checks/anomaly.h>
#include <gradus/autograd/checks/gradcheck.h>
#include <gradus/autograd/checks/graph_dot.h>
#include <gradus/autograd/ops.h>
#include <gradus/models/registry.h>
#include <gradus/nn/dropout.h>
#include <gradus/nn/linear.h>
#include <gradus/train/step.h>

#include "catch.h"

namespace gradus::error_messages_test {
namespace {

struct Kind {
  std::string what;
  std::function<void()> provoke;
};

Tensor leaf(const std::vector<double>& values, const std::string& name) {
  Tensor t = Tensor::from(values, {std::ssize(values)});
  t.set_requires_grad().set_name(name);
  return t;
}

// A training step of a tiny model with a NaN in a parameter, so that the loss is NaN.
void step_with_nan(bool detect) {
  models::Seq2SeqOptions options;
  options.model = "attention";
  options.source_vocab = options.target_vocab = 6;
  options.dim = 4;
  nn::ParameterStore store(1);
  const auto model = models::make_model(store.root(), options);
  train::TrainConfig config;
  config.shards = 1;
  config.detect_nan = detect;
  train::TrainingStep step(*model, store, config);
  store.at("encoder.embedding.weight").mutable_data<float>()[16] = std::numeric_limits<float>::quiet_NaN();
  step.run(data::make_batch({{{4, 5}, {4}}, {{5}, {5, 4}}}, {1, 0}), 6, 0.1);
}

std::vector<Kind> kinds() {
  const auto f64 = DType::f64;
  return {
      {"Shapes that do not match",
       [=] {
         matmul(Tensor::zeros({2, 3}, f64), Tensor::zeros({4, 5}, f64));
       }},
      {"Shapes that do not broadcast",
       [=] {
         Tensor::zeros({2, 3}, f64) + Tensor::zeros({2, 4}, f64);
       }},
      {"A shape that is too large",
       [=] {
         expand(Tensor::zeros({}, f64), {Index{1} << 40, Index{1} << 40});
       }},
      {"A tensor that memory does not hold",
       [=] {
         Tensor::zeros({Index{1} << 30, Index{1} << 20}, f64);
       }},
      {"Shapes that do not match inside a layer",
       [=] {
         nn::ParameterStore store(1, f64);
         const nn::Linear query(store.root() / "decoder" / "query", 3, 2);
         query(Tensor::zeros({5, 4}, f64));
       }},
      {"Dropout without a training mode", [=] { nn::Dropout{0.1}(Tensor::zeros({2}, f64)); }},
      {"Two dtypes", [=] { Tensor::zeros({2}, f64) * Tensor::zeros({2}); }},
      {"A missing axis",
       [=] {
         sum(Tensor::zeros({2, 3}, f64), {2});
       }},
      {"An id outside of the vocabulary",
       [=] {
         embedding(Tensor::zeros({4, 2}, f64), Tensor::from(std::vector<Index>{1, 4}, {2}));
       }},
      {"Backward of a tensor without a graph", [=] { sum(Tensor::zeros({2}, f64)).backward(); }},
      {"Backward of a tensor that is not a scalar",
       [=] {
         (leaf({1, 2}, "x") * 2.0).backward();
       }},
      {"Backward twice",
       [=] {
         const Tensor loss = sum(square(leaf({1, 2}, "x")));
         loss.backward();
         loss.backward();
       }},
      {"Overwriting a value that backward needs",
       [=] {
         Tensor x = leaf({1, 2}, "x");
         const Tensor loss = sum(square(x));
         x.mutable_data<double>()[0] = 5;
         loss.backward();
       }},
      {"The gradient of a leaf that does not require one",
       [=] { grad({sum(leaf({1}, "x"))}, {Tensor::zeros({2}, f64)}); }},
      {"The gradient of a leaf without influence on the result",
       [=] { grad({sum(leaf({1}, "x"))}, {leaf({1}, "unused")}); }},
      {"Requiring a gradient of a result", [=] { (leaf({1}, "x") * 2.0).set_requires_grad(); }},
      {"A hook that returns the wrong shape",
       [=] {
         Tensor x = leaf({1, 2}, "x");
         x.register_hook([](const Tensor& g) { return sum(g); });
         sum(x).backward();
       }},
      {"Two parameters of one name",
       [=] {
         nn::ParameterStore store(1);
         store.root().zeros("bias", {2});
         store.root().zeros("bias", {3});
       }},
      {"A missing parameter",
       [=] {
         nn::ParameterStore store(1);
         const nn::Linear query(store.root() / "decoder" / "query", 3, 2);
         store.at("decoder.query.wieght");
       }},
      {"A NaN or infinity made by a forward pass",
       [=] {
         const DetectAnomaly on;
         log(leaf({1, 0, 3}, "decoder.scale") * 2.0);
       }},
      {"A NaN or infinity made by a backward pass",
       [=] {
         const DetectAnomaly on;
         sum(sqrt(leaf({4, 0, 1}, "decoder.variance"))).backward();
       }},
      {"A NaN in training", [] { step_with_nan(false); }},
      {"A NaN in training, with train.detect_nan", [] { step_with_nan(true); }},
      {"A gradient check in f32",
       [] { gradcheck([](const auto& in) { return square(in[0]); }, {Tensor::ones({2}).set_requires_grad()}); }},
      {"Drawing a tensor without a graph", [=] { graph_to_dot(Tensor::zeros({2}, f64)); }},
  };
}

// Line numbers change, so "file:line" replaces them.
std::string message_of(const Kind& kind) {
  try {
    kind.provoke();
  } catch (const Error& e) {
    return std::regex_replace(e.what(), std::regex("[^ (]+\\.(cpp|h):[0-9]+"), "file:line");
  }
  return "no error";
}

}  // namespace

TEST_CASE("every kind of error is quoted in docs/gradients.md") {
  std::ifstream file("docs/gradients.md");  // tests run in the root of the repository
  std::ostringstream docs;
  docs << file.rdbuf();
  for (const Kind& kind : kinds()) {
    const std::string message = message_of(kind);
    fmt::print("- {}:\n  > {}\n", kind.what, message);
    INFO(kind.what << ": " << message);
    CHECK(message != "no error");
    CHECK(docs.str().find("  > " + message + "\n") != std::string::npos);
  }
}

}  // namespace gradus::error_messages_test
