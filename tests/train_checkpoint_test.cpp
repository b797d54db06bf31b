#include <gradus/autograd/ops.h>
#include <gradus/optim/adam.h>
#include <gradus/train/checkpoint.h>

#include "catch.h"

namespace gradus::train {
namespace {

using Catch::Matchers::ContainsSubstring;

// A model of two parameters during training.
struct Model {
  nn::ParameterStore store{1};
  Tensor weight = store.root().ones("layer.weight", {2, 3});
  Tensor bias = store.root().zeros("layer.bias", {2});
  optim::Adam optimizer{{weight, bias}};
  optim::Plateau plateau;

  void step() {
    sum(weight * weight).backward();
    optimizer.step(0.1);
    plateau.observe(2);
  }
  StateOwners owners() { return {&optimizer, &plateau}; }
  files::Safetensors packed() { return pack(store, position, owners()); }

  static constexpr Position position{.step = 7,
                                     .epoch = 2,
                                     .batch = 3,
                                     .best = 0.1,
                                     .best_step = 6,
                                     .stale = 1,
                                     .validated = 5,
                                     .metrics_bytes = 123456789012,
                                     .loss_sum = 1e-300,
                                     .loss_steps = 4,
                                     .data = 0xFFFFFFFFFFFFFFFF};
};

files::Safetensors changed(files::Safetensors file, const std::string& key, const std::string& value) {
  file.metadata[key] = value;
  return file;
}

files::Safetensors without(files::Safetensors file, const std::string& tensor) {
  std::erase_if(file.tensors, [&](const files::NamedTensor& t) { return t.name == tensor; });
  return file;
}

files::Safetensors with(files::Safetensors file, const std::string& name, const Tensor& tensor) {
  file = without(std::move(file), name);
  file.tensors.push_back({name, tensor});
  return file;
}

}  // namespace

TEST_CASE("a checkpoint restores parameters, position and the states of optimiser and schedule") {
  Model trained;
  trained.step();
  const files::Safetensors file = trained.packed();
  CHECK(position_of(file, "f") == Model::position);

  Model fresh;
  CHECK(unpack(file, "f", fresh.store, fresh.owners()) == Model::position);
  CHECK(fresh.weight.to_vector<float>() == trained.weight.to_vector<float>());
  CHECK(fresh.optimizer.state().at("step/layer.weight").item() == 1);
  CHECK(fresh.plateau.best() == 2);

  Model reader;
  unpack(pack(trained.store, Model::position), "f", reader.store);
  CHECK(reader.weight.to_vector<float>() == trained.weight.to_vector<float>());
}

TEST_CASE("a checkpoint keeps parameters of double precision") {
  nn::ParameterStore store(1, DType::f64), other(1, DType::f64);
  const Tensor weight = store.root().uniform("w", {5}), fresh = other.root().zeros("w", {5});
  unpack(pack(store, {}), "f", other);
  CHECK(fresh.to_vector<double>() == weight.to_vector<double>());
}

TEST_CASE("a checkpoint of other parameters is refused by parameter name, and changes nothing") {
  Model model;
  const files::Safetensors good = model.packed();
  model.step();
  const auto refused = [&](const files::Safetensors& file, const std::string& reason) {
    const auto before = model.weight.to_vector<float>();
    const double best = model.plateau.best();
    CHECK_THROWS_WITH(unpack(file, "f", model.store, model.owners()), ContainsSubstring(reason));
    CHECK(model.weight.to_vector<float>() == before);
    CHECK(model.plateau.best() == best);
    CHECK(model.optimizer.state().at("step/layer.weight").item() == 1);
  };
  refused(without(good, "layer.bias"), "it lacks the parameter layer.bias");
  refused(with(without(good, "layer.bias"), "layer.bais", Tensor::zeros({2})), "did you mean layer.bais?");
  refused(with(good, "layer.bias", Tensor::zeros({3})), "is f32 [3], the model's is");
  refused(with(good, "layer.bias", Tensor::zeros({2}, DType::f64)), "is f64 [2], the model's is");
  refused(with(good, "layer.more", Tensor::zeros({1})), "the model has no parameter layer.more");
  refused(with(with(without(good, "layer.bias"), "layer.weight", Tensor::zeros({1})), "zz", Tensor::zeros({1})),
          "the parameter layer.weight is f32 [1], the model's is 'layer.weight' (f32 [2, 3]); "
          "it lacks the parameter layer.bias; the model has no parameter zz");
  refused(without(good, "schedule.best"), "best");
  refused(with(good, "optimizer.other", Tensor::zeros({1})), "this run has no state \"optimizer.other\"");
}

TEST_CASE("a checkpoint with averages is evaluated with them, and training continues from its parameters") {
  Model model;
  optim::Average average({model.weight, model.bias}, 0.5);
  model.step();
  average.update();
  const files::Safetensors file =
      pack(model.store, Model::position, {.optimizer = &model.optimizer, .average = &average});
  const Tensor mean = file.find("average.mean/layer.weight");
  CHECK(mean.to_vector<float>() != model.weight.to_vector<float>());

  Model reader;
  unpack(file, "f", reader.store);
  CHECK(reader.weight.to_vector<float>() == mean.to_vector<float>());

  Model trained;
  optim::Average other({trained.weight, trained.bias}, 0.5);
  const StateOwners owners{.optimizer = &trained.optimizer, .average = &other};
  unpack(file, "f", trained.store, owners);
  CHECK(trained.weight.to_vector<float>() == model.weight.to_vector<float>());
  CHECK(other.state().at("mean/layer.weight").to_vector<float>() == mean.to_vector<float>());
  CHECK(other.state().at("step").item() == 1);

  const auto before = trained.weight.to_vector<float>();
  CHECK_THROWS_WITH(unpack(file, "f", trained.store, {.optimizer = &trained.optimizer}),
                    ContainsSubstring("this run has no state \"average.mean/layer.bias\""));
  CHECK_THROWS_WITH(unpack(with(file, "average.mean/layer.weight", Tensor::ones({3})), "f", trained.store),
                    ContainsSubstring("the parameter layer.weight is f32 [3], the model's is"));
  CHECK_THROWS_WITH(unpack(without(file, "average.step"), "f", trained.store, owners),
                    "f: it lacks the state \"average.step\": it was written with other options");
  CHECK_THROWS_WITH(unpack(with(file, "average.step", Tensor::ones({})), "f", trained.store, owners),
                    "f: its state \"average.step\" is f32 [], this run's is i64 []");
  CHECK_THROWS_WITH(unpack(with(file, "optimizer.exp_avg/layer.bias", Tensor::ones({3})), "f", trained.store, owners),
                    "f: its state \"optimizer.exp_avg/layer.bias\" is f32 [3], this run's is f32 [2]");
  CHECK_THROWS_WITH(unpack(model.packed(), "f", trained.store, {.optimizer = &trained.optimizer}),
                    ContainsSubstring("this run has no state \"schedule."));
  CHECK(trained.weight.to_vector<float>() == before);
}

TEST_CASE("a checkpoint with invalid metadata of a position is refused by the name of the entry") {
  Model model;
  const files::Safetensors good = model.packed();
  for (const auto& [key, value] : good.metadata) {
    if (key == "format") continue;
    CAPTURE(key);
    for (const char* bad : {"", "x", "1x", " 1", "99999999999999999999999999"}) {
      if (bad[0] == '9' && (key == "best" || key == "loss_sum")) continue;
      CHECK_THROWS_WITH(position_of(changed(good, key, bad), "f"), "f: its metadata has no valid \"" + key + "\"");
    }
    files::Safetensors gone = good;
    gone.metadata.erase(key);
    CHECK_THROWS_WITH(position_of(gone, "f"), "f: its metadata has no valid \"" + key + "\"");
  }
  CHECK_THROWS_WITH(position_of(changed(good, "step", "-1"), "f"), ContainsSubstring("no valid \"step\""));
  CHECK_THROWS_WITH(position_of(changed(good, "step", "1000000000000001"), "f"),
                    ContainsSubstring("no valid \"step\""));
  CHECK(position_of(changed(good, "loss_sum", "inf"), "f").loss_steps == 4);
  CHECK_THROWS_WITH(position_of({}, "f"), ContainsSubstring("f: not a checkpoint of this program"));
  CHECK_THROWS_WITH(position_of(changed(good, "format", "gradus-checkpoint-9"), "f"),
                    ContainsSubstring("not a checkpoint of this program"));
}

TEST_CASE("a checkpoint of the first format can be read without an optimiser, but not resumed") {
  Model model;
  model.step();
  files::Safetensors first = changed(pack(model.store, Model::position), "format", "gradus-checkpoint-1");
  for (const char* later : {"validated", "metrics_bytes", "loss_sum", "loss_steps", "data"})
    first.metadata.erase(later);
  Model fresh;
  const Position read = unpack(first, "f", fresh.store);
  CHECK(read.step == 7);
  CHECK(read.data == 0);
  CHECK(fresh.weight.to_vector<float>() == model.weight.to_vector<float>());
  CHECK_THROWS_WITH(position_of(first, "f"), ContainsSubstring("an older version of this program"));
  CHECK_THROWS_WITH(unpack(first, "f", fresh.store, {.optimizer = &fresh.optimizer}),
                    ContainsSubstring("an older version"));
}

TEST_CASE("a refused checkpoint is quoted with limited length and without control characters") {
  Model model;
  const std::string name = "\x1B[2J" + std::string(100000, 'x');
  for (const std::string prefix : {"", "optimizer.", "schedule.", "average."}) {
    try {
      unpack(with(model.packed(), prefix + name, Tensor::zeros({1})), "f", model.store, model.owners());
      FAIL("accepted");
    } catch (const Error& refusal) {
      const std::string message = refusal.what();
      CHECK(message.size() < 1000);
      CHECK(message.find('\x1B') == std::string::npos);
    }
  }
}

}  // namespace gradus::train
