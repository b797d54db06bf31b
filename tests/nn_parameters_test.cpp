#include <cmath>
#include <string>
#include <vector>

#include <gradus/autograd/engine/node.h>
#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/reduction.h>
#include <gradus/files/safetensors.h>
#include <gradus/nn/embedding.h>
#include <gradus/nn/internal/init.h>
#include <gradus/nn/linear.h>
#include <gradus/nn/recurrent.h>

#include "catch.h"
#include "data_scratch.h"

namespace gradus::nn_parameters_test {

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

TEST_CASE("a frozen parameter of another store cannot be shared, whatever its name") {
  nn::ParameterStore store(1), elsewhere(2);
  const Tensor own = store.root().zeros("w", {2}), other = elsewhere.root().zeros("w", {2});
  store.freeze("w");
  elsewhere.freeze("w");
  CHECK_THROWS_WITH(store.root().share("tied", other), ContainsSubstring("not a parameter of this store"));
  CHECK(!store.contains("tied"));
  CHECK(store.root().share("tied", own).storage() == own.storage());
}

TEST_CASE("a refused registration leaves its path free") {
  nn::ParameterStore store(1);
  const Tensor w = store.root().zeros("w", {2});
  CHECK_THROWS_AS(store.add("p", Tensor()), Error);
  CHECK_THROWS_AS(store.add("p", Tensor::zeros({2}, DType::i64)), Error);
  CHECK_THROWS_AS(store.add("p", w * 2.0), Error);
  CHECK_THROWS_AS(store.add_buffer("p", Tensor()), Error);
  CHECK_THROWS_AS(store.root().share("p", Tensor::zeros({2})), Error);
  CHECK(!store.contains("p"));
  CHECK_THROWS_WITH(store.at("p"), ContainsSubstring("there is no parameter 'p'"));
  CHECK(paths(store) == std::vector<std::string>{"w"});
  store.root().ones("p", {3});
  CHECK(store.at("p").shape() == Shape{3});
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

namespace {

using Values = std::map<std::string, Tensor>;

Tensor numbers(const Shape& shape, float first = 1) {
  std::vector<float> values(static_cast<std::size_t>(shape.numel()));
  for (float& v : values) v = first++;
  return Tensor::from(values, shape);
}

/// A layer with a shared weight and a buffer.
struct Small {
  nn::ParameterStore store{1};
  nn::Linear layer{store.root() / "layer", 3, 2};
  Tensor shared = (store.root() / "output").share("weight", layer.weight);
  Tensor mean = (store.root() / "norm").buffer("running_mean", Tensor::zeros({2}));
  Tensor seen = (store.root() / "norm").buffer("seen", Tensor::zeros({}, DType::i64));

  static Values values() {
    return {{"layer.weight", numbers({2, 3})},
            {"layer.bias", numbers({2}, 7)},
            {"norm.running_mean", numbers({2}, 9)},
            {"norm.seen", Tensor::from(std::vector<Index>{5}, {})}};
  }
};

}  // namespace

TEST_CASE("values written into a parameter are in every handle, view and flat block, and count as a write") {
  Small m;
  m.store.flatten();
  const Tensor loss = sum(m.layer.weight * m.layer.weight);
  m.store.set("layer.weight", numbers({2, 3}));
  CHECK(m.layer.weight.to_vector<float>() == std::vector<float>{1, 2, 3, 4, 5, 6});
  CHECK(m.shared.to_vector<float>() == m.layer.weight.to_vector<float>());
  CHECK(m.store.block().data<float>()[5] == 6);
  CHECK_THROWS_WITH(loss.backward(), ContainsSubstring("nn_parameters_test.cpp"));
  m.store.set("output.weight", numbers({2, 3}, 11));
  CHECK(m.layer.weight.data<float>()[0] == 11);
  m.store.set("norm.seen", Tensor::from(std::vector<Index>{3}, {}));
  CHECK(m.seen.item() == 3);
  nn::copy_into(m.mean, numbers({2}));
  CHECK(m.store.at("norm.running_mean").to_vector<float>() == std::vector<float>{1, 2});
}

TEST_CASE("values of another shape or dtype, and an unknown path, are refused at the caller's line") {
  Small m;
  const auto refused = [&](const char* path, const Tensor& values, const char* why) {
    CHECK_THROWS_WITH(m.store.set(path, values), ContainsSubstring(why) && ContainsSubstring("nn_parameters_test.cpp"));
  };
  refused("layer.weight", Tensor::zeros({3, 2}), "'layer.weight' (f32 [2, 3]) cannot hold the values of f32 [3, 2]");
  refused("layer.weight", Tensor::zeros({2, 3}, DType::f64), "the values of f64 [2, 3]; expected the same shape");
  refused("layer.weight", Tensor(), "an undefined tensor");
  refused("layer.wieght", Tensor::zeros({2, 3}), "there is no parameter 'layer.wieght'");
  CHECK_THROWS_WITH(nn::copy_into(m.layer.bias * 2, Tensor::zeros({2})), ContainsSubstring("cannot be written to"));
}

TEST_CASE("a store is saved and loaded with its buffers, a shared parameter once") {
  const data::Scratch scratch;
  Small m, other;
  m.store.load(Small::values());
  m.store.save(scratch.folder() / "m");
  CHECK(files::read_safetensors(scratch.folder() / "m").tensors.size() == 4);
  CHECK(other.store.load(scratch.folder() / "m").empty());
  CHECK(other.layer.weight.to_vector<float>() == m.layer.weight.to_vector<float>());
  CHECK(other.mean.to_vector<float>() == std::vector<float>{9, 10});
  CHECK(other.seen.item() == 5);
  CHECK(other.store.count() == 8);
  CHECK(other.store.trainable().size() == 2);
  CHECK_THAT(other.store.summary(), ContainsSubstring("buffer"));
  other.store.freeze("", true);
  other.store.freeze("", false);
  CHECK_FALSE(other.mean.requires_grad());
  CHECK_THROWS_WITH(other.store.freeze("norm"), ContainsSubstring("no parameter to freeze at 'norm'"));
}

TEST_CASE("a strict load lists all missing, unexpected and misshapen names, and changes nothing") {
  Small m;
  const auto before = m.layer.weight.to_vector<float>();
  Values values = Small::values();
  values.erase("norm.seen");
  values.erase("layer.bias");
  values["layer.bais"] = numbers({2});
  values["\x1B"] = numbers({2});
  values["norm.running_mean"] = Tensor::zeros({2}, DType::f64);
  CHECK_THROWS_WITH(
      m.store.load(values),
      ContainsSubstring("missing: 'layer.bias', 'norm.seen'; unexpected: '\\x1B', 'layer.bais'; misshapen: "
                        "'norm.running_mean' is f64 [2], expected f32 [2]") &&
          ContainsSubstring("nn_parameters_test.cpp"));
  CHECK(m.layer.weight.to_vector<float>() == before);

  const nn::LoadReport report = m.store.load(values, {.strict = false});
  CHECK(report.missing == std::vector<std::string>{"layer.bias", "norm.seen"});
  CHECK(report.unexpected == std::vector<std::string>{"\x1B", "layer.bais"});
  CHECK(report.misshapen == std::vector<std::string>{"norm.running_mean"});
  CHECK(m.layer.weight.to_vector<float>() == numbers({2, 3}).to_vector<float>());
}

TEST_CASE("names of another program are mapped to paths by a map or a function") {
  const Values foreign = {{"fc.weight", numbers({2, 3})}, {"fc.bias", numbers({2}, 7)}, {"epoch", Tensor::zeros({})}};
  nn::ParameterStore store(1);
  const nn::Linear layer(store.root() / "layer", 3, 2);
  CHECK_THROWS_WITH(store.load(foreign, {.rename = {{"fc.weight", "layer.weight"}, {"fc.bias", "layer.b"}}}),
                    ContainsSubstring("missing: 'layer.bias'; unexpected: 'epoch', 'fc.bias' as 'layer.b'"));
  store.load(foreign, {.rename = {{"fc.weight", "layer.weight"}, {"fc.bias", "layer.bias"}, {"epoch", ""}}});
  CHECK(layer.weight.data<float>()[5] == 6);
  store.set("layer.weight", Tensor::zeros({2, 3}));
  const auto function = [](const std::string& name) { return name == "epoch" ? "" : "layer" + name.substr(2); };
  store.load(foreign, {.rename = function});
  CHECK(layer.weight.data<float>()[5] == 6);
}

TEST_CASE("a shared parameter is loaded from any of its paths, and different values for them are refused") {
  Small m;
  Values values = Small::values();
  values["output.weight"] = numbers({2, 3});
  m.store.load(values);
  values["output.weight"] = numbers({2, 3}, 2);
  CHECK_THROWS_WITH(m.store.load(values, {.strict = false}),
                    ContainsSubstring("'layer.weight' and 'output.weight' have different values for one parameter"));
  values.erase("layer.weight");
  m.store.load(values);
  CHECK(m.layer.weight.data<float>()[0] == 2);
}

TEST_CASE("parameters can be loaded from one another") {
  nn::ParameterStore store(1);
  const Tensor a = store.root().ones("a", {2}), b = store.root().zeros("b", {2});
  store.flatten();
  store.load({{"a", b}, {"b", a}});
  CHECK(a.to_vector<float>() == std::vector<float>{0, 0});
  CHECK(b.to_vector<float>() == std::vector<float>{1, 1});
}

}  // namespace gradus::nn_parameters_test
