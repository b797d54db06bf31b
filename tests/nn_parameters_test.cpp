#include <cmath>
#include <string>
#include <vector>

#include <gradus/autograd/engine/node.h>
#include <gradus/nn/embedding.h>
#include <gradus/nn/internal/init.h>
#include <gradus/nn/linear.h>
#include <gradus/nn/recurrent.h>

#include "catch.h"

using namespace gradus;
using Catch::Matchers::ContainsSubstring;

namespace {

std::vector<std::string> paths(const nn::ParameterStore& store) {
  std::vector<std::string> all;
  for (const nn::Parameter& p : store.all()) all.push_back(p.path);
  return all;
}

std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("constructing a layer registers its parameters under the scope's path, in order") {
  nn::ParameterStore store(1);
  const nn::Linear a(store.root() / "decoder" / "query", 3, 2);
  const nn::Linear b(store.root() / "layers" / 0, 2, 2, false);
  CHECK(paths(store) == std::vector<std::string>{"decoder.query.weight", "decoder.query.bias", "layers.0.weight"});
  CHECK(store.count() == 3 * 2 + 2 + 4);
  CHECK(a.weight.name() == "decoder.query.weight");
  CHECK(a.weight.requires_grad());
  CHECK(store.at("decoder.query.weight").node() == a.weight.node());
  CHECK(!b.bias.defined());
}

TEST_CASE("recurrent parameters have PyTorch's names") {
  nn::ParameterStore store(1);
  const nn::Recurrent lstm(store.root(),
                           {.kind = nn::CellKind::lstm, .in = 3, .hidden = 2, .layers = 2, .bidirectional = true});
  CHECK(store.at("weight_ih_l0").shape() == Shape{8, 3});
  CHECK(store.at("weight_ih_l1_reverse").shape() == Shape{8, 4});
  CHECK(store.at("weight_hh_l0_reverse").shape() == Shape{8, 2});
  CHECK(store.at("bias_hh_l1").shape() == Shape{8});
  CHECK(store.all().size() == 16);
}

TEST_CASE("an initial value depends on seed, path and position only") {
  nn::ParameterStore a(7), b(7), c(8), wide(7, DType::f64);
  b.root().uniform("before", {5});
  const auto values = [](nn::ParameterStore& s) { return (s.root() / "x").uniform("w", {3, 4}).to_vector<float>(); };
  const std::vector<float> expected = values(a);
  CHECK(values(b) == expected);
  CHECK(values(c) != expected);
  CHECK((a.root() / "y").uniform("w", {3, 4}).to_vector<float>() != expected);
  const std::vector<double> doubles = (wide.root() / "x").uniform("w", {3, 4}).to_vector<double>();
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(expected[i] == static_cast<float>(doubles[i]));
}

TEST_CASE("initial values have the right bounds and moments") {
  nn::ParameterStore store(3, DType::f64);
  const auto moments = [](const Tensor& t) {
    double mean = 0, square = 0, largest = 0;
    for (const double v : t.to_vector<double>()) {
      mean += v;
      square += v * v;
      largest = std::max(largest, std::abs(v));
    }
    const auto n = static_cast<double>(t.numel());
    return std::vector<double>{mean / n, std::sqrt(square / n), largest};
  };
  const double bound = 1 / std::sqrt(100.0), xavier = std::sqrt(6.0 / 300);
  const auto u = moments(store.root().uniform("uniform", {200, 100}));
  CHECK(u[0] == Approx(0).margin(0.002));
  CHECK(u[1] == Approx(bound / std::sqrt(3.0)).epsilon(0.02));
  CHECK(u[2] <= bound);
  CHECK(u[2] > 0.99 * bound);
  const auto x = moments(store.root().xavier_uniform("xavier", {200, 100}));
  CHECK(x[2] <= xavier);
  CHECK(x[2] > 0.99 * xavier);
  const auto n = moments(store.root().normal("normal", {200, 100}, 0.5));
  CHECK(n[0] == Approx(0).margin(0.02));
  CHECK(n[1] == Approx(0.5).epsilon(0.02));
  const auto k = moments(nn::init::kaiming_normal({64, 8, 3, 3}, Philox(1, 2), DType::f64));
  CHECK(k[1] == Approx(std::sqrt(2.0 / 72)).epsilon(0.05));
}

TEST_CASE("an orthogonal matrix has orthonormal rows when wide and columns when tall") {
  nn::ParameterStore store(3, DType::f64);
  for (const Shape& shape : {Shape{4, 6}, Shape{6, 4}, Shape{5, 5}}) {
    const auto m = store.root().orthogonal(to_string(shape), shape).to_vector<double>();
    const Index rows = shape[0], columns = shape[1], count = std::min(rows, columns), length = std::max(rows, columns);
    const auto at = [&](Index k, Index i) {
      return m[static_cast<std::size_t>(rows <= columns ? k * columns + i : i * columns + k)];
    };
    for (Index a = 0; a < count; ++a) {
      for (Index b = 0; b < count; ++b) {
        double dot = 0;
        for (Index i = 0; i < length; ++i) dot += at(a, i) * at(b, i);
        CHECK(dot == Approx(a == b ? 1 : 0).margin(1e-14));
      }
    }
  }
}

TEST_CASE("an error for a taken, unknown or empty path names it and the nearest paths") {
  nn::ParameterStore store(1);
  const nn::Linear layer(store.root() / "encoder" / "key", 2, 2);
  CHECK_THROWS_WITH(nn::Linear(store.root() / "encoder" / "key", 2, 2),
                    ContainsSubstring("'encoder.key.weight' is taken"));
  CHECK_THROWS_WITH(store.at("encoder.kay.weight"),
                    ContainsSubstring("'encoder.kay.weight'") && ContainsSubstring("'encoder.key.weight'"));
  CHECK_THROWS_WITH(store.freeze("encodr"), ContainsSubstring("'encodr'") && ContainsSubstring("'encoder'"));
  CHECK_THROWS_AS(store.root() / "", Error);
  CHECK_THROWS_AS(nn::ParameterStore(1, DType::i64), Error);
  CHECK(store.all().size() == 2);
}

TEST_CASE("tied weights are one parameter with two paths") {
  nn::ParameterStore store(1);
  const nn::Embedding table(store.root() / "embedding", 5, 3);
  const nn::Linear output = nn::Linear::tied(store.root() / "output", table.weight);
  CHECK(output.weight.node() == table.weight.node());
  CHECK(store.count() == 5 * 3 + 5);
  CHECK(paths(store) == std::vector<std::string>{"embedding.weight", "output.bias"});
  CHECK(store.contains("output.weight"));
  CHECK(store.at("output.weight").node() == table.weight.node());
  CHECK_THAT(store.summary(), ContainsSubstring("shared with embedding.weight"));

  store.freeze("output");
  CHECK(!table.weight.requires_grad());
  CHECK_THROWS_AS(store.root().share("other", Tensor::zeros({2})), Error);
  nn::ParameterStore elsewhere(1);
  CHECK_THROWS_AS(elsewhere.root().share("weight", table.weight), Error);
}

TEST_CASE("freezing matches whole names only, and can be undone") {
  nn::ParameterStore store(1);
  const nn::Linear one(store.root() / "layers" / 1, 2, 2), ten(store.root() / "layers" / 10, 2, 2);
  store.freeze("layers.1");
  CHECK(!one.weight.requires_grad());
  CHECK(ten.weight.requires_grad());
  CHECK(store.trainable().size() == 2);
  CHECK_THAT(store.summary(), ContainsSubstring("frozen") && ContainsSubstring("6 trainable"));
  store.freeze("", false);
  CHECK(store.trainable().size() == 4);
  CHECK(one.weight.requires_grad());
}

TEST_CASE("flattening gathers the trainable parameters into aligned slices of one block") {
  nn::ParameterStore store(1);
  const nn::Linear a(store.root() / "a", 3, 2), frozen(store.root() / "frozen", 2, 2), b(store.root() / "b", 5, 4);
  CHECK_THROWS_WITH(store.block(), ContainsSubstring("flatten()"));
  store.freeze("frozen");
  const std::vector<float> weight = b.weight.to_vector<float>();
  store.flatten();

  const Tensor block = store.block();
  CHECK(block.shape() == Shape{16 + 16 + 32 + 16});
  CHECK(b.weight.to_vector<float>() == weight);
  CHECK(a.weight.storage().get() == block.storage().get());
  CHECK(frozen.weight.storage().get() != block.storage().get());
  CHECK(b.weight.offset() == 32);
  CHECK(std::vector<float>(block.data<float>() + 6, block.data<float>() + 16) == std::vector<float>(10, 0.0f));

  const std::vector<Tensor> slices = store.slices_of(Tensor::zeros({80}));
  REQUIRE(slices.size() == 4);
  CHECK(slices[2].shape() == Shape{4, 5});
  CHECK(slices[2].offset() == 32);
  CHECK_THROWS_WITH(store.slices_of(Tensor::zeros({79})), ContainsSubstring("[80]"));

  store.freeze("a");
  CHECK_THROWS_AS(store.block(), Error);
  store.flatten();
  CHECK(store.block().shape() == Shape{48});
  CHECK(b.weight.to_vector<float>() == weight);
}

TEST_CASE("an error for wrong input names the network and the expected shape") {
  nn::ParameterStore store(1);
  const nn::Recurrent network(store.root() / "encoder", {.in = 3, .hidden = 2, .bidirectional = true});
  const std::string mask = error_of([&] { network(Tensor::zeros({2, 4, 3}), Tensor::ones({2, 3})); });
  CHECK_THAT(mask, ContainsSubstring("encoder") && ContainsSubstring("f32 [2, 3]") &&
                       ContainsSubstring("nn_parameters_test.cpp"));
  CHECK_THAT(error_of([&] { network(Tensor::zeros({2, 0, 3})); }), ContainsSubstring("at least one step"));
  CHECK_THROWS_AS(network.step(Tensor::zeros({2, 3}), network.zero_states(2)), Error);
}
