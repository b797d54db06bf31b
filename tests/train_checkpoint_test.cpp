#include <gradus/autograd/ops.h>
#include <gradus/optim/adam.h>
#include <gradus/train/checkpoint.h>

#include "catch.h"
#include "data_scratch.h"

namespace gradus::train::train_checkpoint_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using data::Scratch;

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

  static inline const Position position{.step = 7,
                                        .epoch = 2,
                                        .batch = 3,
                                        .order_step = 1,
                                        .order_epoch = 1,
                                        .best = 0.1,
                                        .best_token_error_rate = 0.2,
                                        .best_loss = 0.3,
                                        .best_step = 5,
                                        .stale = 1,
                                        .validated = 6,
                                        .best_validations = {{5, 0.1, 0.2, 0.3}, {6, 1e-300, -2, 3}},
                                        .metrics_bytes = 123456789012,
                                        .loss_sum = 1e-300,
                                        .loss_steps = 4,
                                        .training_pairs = 0xFFFFFFFFFFFFFFFF,
                                        .validation_pairs = 1};
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

TEST_CASE("a list of best validations that is malformed is refused, and one that is absent is empty") {
  Model trained;
  trained.step();
  files::Safetensors file = trained.packed();
  CHECK(file.metadata.at("best_validations") == "5:0.1:0.2:0.3 6:1e-300:-2:3");
  for (const char* text :
       {" ", "x", "5", "5:", "5:0.1:0.2", "5:0.1:0.2:", "5:0.1:0.2:0.3:", "5:0.1:0.2:0.3  ", "0:0.1:0.2:0.3",
        "7:0.1:0.2:0.3", "5:nan:0.2:0.3", "5:0.1:inf:0.3", "5:0.1:0.2:1e999", "5:0.1:0.2:0.3,6:0.1:0.2:0.3"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH(position_of(changed(file, "best_validations", text), "f"),
                      ContainsSubstring("f: its metadata has no valid \"best_validations\""));
  }
  file.metadata.erase("best_validations");
  CHECK(position_of(file, "f").best_validations.empty());
}

TEST_CASE("a checkpoint is told from other files of tensors by its format") {
  const Scratch scratch;
  Model model;
  const auto path = scratch.folder() / "c.safetensors";
  files::write_safetensors(path, model.packed());
  const files::Safetensors read = read_checkpoint(path);
  CHECK(is_checkpoint(read));
  CHECK(read.find("layer.weight").to_vector<float>() == model.weight.to_vector<float>());
  CHECK(!is_checkpoint(changed(read, "format", "pt")));
  files::Safetensors bare = read;
  bare.metadata.clear();
  CHECK(!is_checkpoint(bare));
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
    if (key == "format" || key == "best_validations") continue;  // the list may be absent
    CAPTURE(key);
    for (const char* bad : {"", "x", "1x", " 1", "99999999999999999999999999"}) {
      if (bad[0] == '9' && (key.starts_with("best") || key == "loss_sum") && key != "best_step") continue;
      CHECK_THROWS_WITH(position_of(changed(good, key, bad), "f"), "f: its metadata has no valid \"" + key + "\"");
    }
    files::Safetensors gone = good;
    gone.metadata.erase(key);
    CHECK_THROWS_WITH(position_of(gone, "f"), "f: its metadata has no valid \"" + key + "\"");
  }
  CHECK_THROWS_WITH(position_of(changed(good, "step", "-1"), "f"), ContainsSubstring("no valid \"step\""));
  CHECK_THROWS_WITH(position_of(changed(good, "step", "1000000000000001"), "f"),
                    ContainsSubstring("no valid \"step\""));
  for (const char* key : {"best", "best_token_error_rate", "best_loss", "loss_sum"}) {
    for (const char* bad : {"nan", "inf", "-inf"})
      CHECK_THROWS_WITH(position_of(changed(good, key, bad), "f"), ContainsSubstring(key));
  }
  CHECK_THROWS_WITH(position_of({}, "f"), ContainsSubstring("f: not a checkpoint of this program"));
  CHECK_THROWS_WITH(position_of(changed(good, "format", "gradus-checkpoint-9"), "f"),
                    ContainsSubstring("not a checkpoint of this program"));
}

TEST_CASE("a checkpoint whose metadata contradict each other is refused by the name of the entry") {
  Model model;
  const files::Safetensors good = model.packed();
  const auto refused = [&](const char* key, const char* value, const std::string& reason) {
    CHECK_THROWS_WITH(position_of(changed(good, key, value), "f"), "f: its metadata contradict each other: " + reason);
  };
  refused("order_step", "8", "\"order_step\" is 8, more than \"step\", which is 7");
  refused("order_epoch", "3", "\"order_epoch\" is 3, more than \"epoch\", which is 2");
  refused("epoch", "5", "\"step\" is 7, less than the 8 that \"epoch\" and \"batch\" need");
  refused("batch", "6", "\"step\" is 7, less than the 8 that \"epoch\" and \"batch\" need");
  refused("validated", "8", "\"validated\" is 8, more than \"step\", which is 7");
  refused("best_step", "7", "\"best_step\" is 7, more than \"validated\", which is 6");
  refused("best_step", "0", "\"best_step\" is 0, but \"validated\" is 6");
  refused("best_step", "6", "\"stale\" is 1, but \"best_step\" is 6 and \"validated\" is 6");
  refused("stale", "0", "\"stale\" is 0, but \"best_step\" is 5 and \"validated\" is 6");
  refused("stale", "7", "\"stale\" is 7, more than \"validated\", which is 6");
  refused("loss_steps", "8", "\"loss_steps\" is 8, more than \"step\", which is 7");
}

TEST_CASE("a checkpoint with a value that is not finite is refused by its name, and changes nothing") {
  Model model;
  model.step();
  optim::Average average({model.weight, model.bias}, 0.5);
  const StateOwners owners{&model.optimizer, &model.plateau, &average};
  const files::Safetensors good = pack(model.store, Model::position, owners);
  const double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  for (const char* name :
       {"layer.bias", "optimizer.exp_avg/layer.bias", "optimizer.exp_avg_sq/layer.bias", "average.mean/layer.bias"}) {
    for (const double bad : {infinity, -infinity, nan}) {
      CAPTURE(name, bad);
      const files::Safetensors file =
          with(good, name, Tensor::from(std::vector<float>{0, static_cast<float>(bad)}, {2}));
      CHECK(first_not_finite(file, model.store) == name);
      CHECK_THROWS_WITH(unpack(file, "f", model.store, owners),
                        ContainsSubstring("f: \"" + std::string(name) + "\" has a value that is not finite"));
      CHECK(model.bias.to_vector<float>() == good.find("layer.bias").to_vector<float>());
    }
  }
  CHECK(first_not_finite(good, model.store).empty());

  // A plateau's best value is infinite at first; a mask in a buffer may be.
  Model fresh;
  fresh.store.root().buffer("mask", Tensor::from({0.0, -infinity}));
  CHECK(first_not_finite(fresh.packed(), fresh.store).empty());
  CHECK(first_not_finite(with(fresh.packed(), "mask", Tensor::scalar(nan)), fresh.store) == "mask");
}

TEST_CASE("a checkpoint of the first format can be read without an optimiser, but not resumed") {
  Model model;
  model.step();
  files::Safetensors first = changed(pack(model.store, Model::position), "format", "gradus-checkpoint-1");
  for (const char* later : {"validated", "metrics_bytes", "loss_sum", "loss_steps", "training_pairs"})
    first.metadata.erase(later);
  Model fresh;
  const Position read = unpack(first, "f", fresh.store);
  CHECK(read.step == 7);
  CHECK(read.training_pairs == 0);
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

}  // namespace gradus::train::train_checkpoint_test
