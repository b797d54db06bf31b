#include <fmt/format.h>

#include <limits>

#include <gradus/autograd/foundation/internal/fnv1a.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/train/optimizers.h>
#include <gradus/train/trainer.h>

#include "catch.h"
#include "data_scratch.h"
#include "scaled.h"

namespace gradus::train::train_trainer_test {
namespace {

using Catch::Matchers::ContainsSubstring;

RunConfig tiny(const std::string& model, Assignments more = {}) {
  Assignments a = {{"model.name", model},      {"data.task", "reverse"}, {"data.pairs", "300"},
                   {"data.valid_pairs", "20"}, {"data.max_length", "5"}, {"model.dim", "16"},
                   {"model.hidden", "16"},     {"model.ffn", "32"},      {"model.max_length", "16"},
                   {"train.batch", "12"},      {"model.dropout", "0.2"}, {"train.epochs", "0"},
                   {"train.min_steps", "0"},   {"train.steps", "20"},    {"train.evaluate_every", "1000"}};
  a.insert(a.end(), more.begin(), more.end());
  return resolve({.preset = "tiny", .file = {}, .assignments = a});
}

struct Trained {
  Dataset dataset;
  Run run;
  Trainer trainer;

  explicit Trained(const RunConfig& config)
      : dataset(load_dataset(config)),
        run(make_run(dataset.config, dataset.source, dataset.target)),
        trainer(run, dataset) {}
};

std::uint64_t hash_of(const nn::ParameterStore& store) {
  Fnv1a hash;
  for (const nn::Parameter& p : store.all()) {
    hash.take(std::string_view(reinterpret_cast<const char*>(p.tensor.data<float>()),
                               static_cast<std::size_t>(p.tensor.numel()) * sizeof(float)));
  }
  return hash.value();
}

std::uint64_t hash_after(const RunConfig& config, int thread_count) {
  set_threads(thread_count);
  Trained t(config);
  Progress progress = Progress::silent();
  t.trainer.run(progress);
  set_threads(0);
  return hash_of(*t.run.store);
}

}  // namespace

TEST_CASE("200 steps with dropout give the same bits at 1, 2, 3 and 8 threads, for each model") {
  const std::string steps = std::to_string(scaled(200));
  for (const char* model : {"rnn", "rnn-attention", "attention", "transformer"}) {
    const RunConfig config = tiny(model, {{"train.steps", steps}, {"train.shards", "3"}});
    const std::uint64_t one = hash_after(config, 1);
    for (int threads : {2, 3, 8}) {
      CAPTURE(model, threads);
      CHECK(hash_after(config, threads) == one);
    }
    const RunConfig other = tiny(model, {{"train.steps", steps}, {"train.shards", "3"}, {"train.seed", "2"}});
    CHECK(hash_after(other, 2) != one);
  }
}

TEST_CASE("without shards, threads within ops give the same bits at any number of threads") {
  for (const char* model : {"rnn-attention", "transformer"}) {
    const RunConfig config = tiny(model, {{"train.steps", "3"},
                                          {"train.shards", "1"},
                                          {"train.batch", "256"},
                                          {"model.dim", "128"},
                                          {"model.hidden", "128"}});
    const std::uint64_t one = hash_after(config, 1);
    CHECK(hash_after(config, 2) == one);
    CHECK(hash_after(config, 8) == one);
  }
}

TEST_CASE("the gradients of shards sum to that of the whole batch") {
  const auto norms = [](const char* shards) {
    Trained t(tiny("rnn-attention", {{"train.shards", shards}, {"model.dropout", "0"}}));
    TrainingStep step(*t.run.model, *t.run.store, t.run.config.train);
    const data::Batch batch = data::make_batch(t.dataset.train, {0, 1, 2, 3, 4, 5, 6});
    return step.run(batch, 0, 0.0);
  };
  const TrainingStep::Result whole = norms("1");
  for (const char* shards : {"2", "3", "7", "9"}) {
    const TrainingStep::Result cut = norms(shards);
    CHECK(cut.loss == Approx(whole.loss).epsilon(1e-6));
    CHECK(cut.grad_norm == Approx(whole.grad_norm).epsilon(1e-5));
    CHECK(cut.target_tokens == whole.target_tokens);
  }
}

TEST_CASE("every optimiser and schedule lowers the loss") {
  const auto rate = [](const std::string& optimizer) {
    return optimizer == "sgd" ? "0.5" : optimizer == "lion" ? "0.003" : optimizer == "adagrad" ? "0.05" : "0.01";
  };
  for (const std::string& optimizer : optimizer_names()) {
    for (const std::string& schedule : schedule_names()) {
      Trained t(tiny("attention", {{"train.optimizer", optimizer},
                                   {"train.schedule", schedule},
                                   {"train.lr", rate(optimizer)},
                                   {"train.milestones", "10,20"},
                                   {"train.warmup", "5"},
                                   {"train.label_smoothing", "0.1"},
                                   {"train.steps", "30"}}));
      const double before = mean_loss(*t.run.model, t.dataset.valid);
      Progress progress = Progress::silent();
      t.trainer.run(progress);
      CAPTURE(optimizer, schedule);
      CHECK(mean_loss(*t.run.model, t.dataset.valid) < before - 0.1);
    }
  }
}

TEST_CASE("training continues from a checkpoint with the same bits") {
  for (const std::string& optimizer : optimizer_names()) {
    CAPTURE(optimizer);
    const RunConfig config =
        tiny("rnn", {{"train.optimizer", optimizer}, {"train.momentum", "0.9"}, {"train.centered", "true"}});
    Trained whole(config), first(config), second(config);
    const auto steps = [](Trained& t, TrainingStep& step, Index from, Index to) {
      for (Index i = from; i < to; ++i) step.run(data::make_batch(t.dataset.train, {i, i + 1, i + 2}), i, 0.01);
    };
    TrainingStep a(*whole.run.model, *whole.run.store, config.train);
    steps(whole, a, 0, 10);
    TrainingStep b(*first.run.model, *first.run.store, config.train);
    steps(first, b, 0, 5);
    const data::Scratch scratch;
    const Position position{.step = 5, .epoch = 1, .batch = 2, .best = 0.1, .best_step = 3, .stale = 1, .validated = 4};
    files::write_safetensors(scratch.folder() / "c", pack(*first.run.store, position, {.optimizer = &b.optimizer()}));
    TrainingStep c(*second.run.model, *second.run.store, config.train);
    CHECK(unpack(files::read_safetensors(scratch.folder() / "c"), "c", *second.run.store,
                 {.optimizer = &c.optimizer()}) == position);
    steps(second, c, 5, 10);
    CHECK(hash_of(*second.run.store) == hash_of(*whole.run.store));
  }
}

TEST_CASE("a plateau's state is kept with the checkpoint") {
  Trained t(tiny("rnn"));
  optim::Plateau plateau({.factor = 0.5, .patience = 0}), again({.factor = 0.5, .patience = 0});
  plateau.observe(1);
  plateau.observe(2);
  const files::Safetensors file = pack(*t.run.store, {}, {.plateau = &plateau});
  unpack(file, "c", *t.run.store, {.plateau = &again});
  CHECK(again.scale() == 0.5);
}

TEST_CASE("a checkpoint of another model is refused and changes nothing") {
  Trained one(tiny("rnn")), wide(tiny("rnn", {{"model.hidden", "20"}})), other(tiny("rnn-attention"));
  const std::uint64_t before = hash_of(*one.run.store);
  CHECK_THROWS_WITH(unpack(pack(*wide.run.store, {}), "c", *one.run.store), ContainsSubstring("c: the parameter"));
  CHECK_THROWS_WITH(unpack(pack(*other.run.store, {}), "c", *one.run.store), ContainsSubstring("c: "));
  CHECK_THROWS_WITH(unpack(pack(*one.run.store, {}), "c", *other.run.store), ContainsSubstring("lacks the parameter"));
  CHECK_THROWS_WITH(unpack({}, "c", *one.run.store), ContainsSubstring("not a checkpoint"));
  files::Safetensors no_step = pack(*one.run.store, {});
  no_step.metadata["step"] = "x";
  CHECK_THROWS_WITH(unpack(no_step, "c", *one.run.store), ContainsSubstring("no valid \"step\""));
  CHECK(hash_of(*one.run.store) == before);
}

TEST_CASE("a loss that is not finite names the step, and the checkpoints before it stay") {
  const data::Scratch scratch;
  Trained t(tiny("rnn", {{"train.evaluate_every", "5"}, {"train.steps", "8"}}));
  const RunDirectory directory =
      RunDirectory::create(scratch.folder() / "run", t.run.config, t.dataset.source, t.dataset.target);
  Progress progress = Progress::silent();
  const auto spoil = [&] {
    if (t.trainer.position().step == 6) {
      Tensor weight = t.run.store->all().back().tensor;
      weight.mutable_data<float>()[0] = std::numeric_limits<float>::quiet_NaN();
    }
    return false;
  };
  CHECK_THROWS_WITH(t.trainer.run(progress, &directory, spoil), ContainsSubstring("the loss of step 7 is nan"));
  for (const auto& file : {directory.best(), directory.last()}) {
    CHECK(files::read_safetensors(file).metadata.at("step") == "5");
    for (const files::NamedTensor& p : files::read_safetensors(file).tensors) {
      if (p.tensor.dtype() != DType::f32) continue;
      for (float v : p.tensor.to_vector<float>()) REQUIRE(std::isfinite(v));
    }
  }
}

TEST_CASE("regression: 15 epochs of 800 pairs were 195 steps, whatever they had learnt") {
  // Two epochs of 25 steps are 50; validations come as often as epochs would.
  const auto steps_of = [](Assignments more) {
    more.insert(more.begin(), {{"train.epochs", "2"}, {"train.steps", "0"}, {"train.evaluate_every", "0"}});
    Trained t(tiny("attention", std::move(more)));
    const data::Scratch scratch;
    const RunDirectory directory =
        RunDirectory::create(scratch.folder() / "run", t.run.config, t.dataset.source, t.dataset.target);
    Progress progress = Progress::silent();
    const Outcome outcome = t.trainer.run(progress, &directory);
    CHECK(outcome.position.step == t.trainer.total_steps());
    const std::string metrics = data::contents(directory.metrics());
    Index validations = 0;
    for (std::size_t at = 0; (at = metrics.find("valid_loss", at)) != std::string::npos; ++at) ++validations;
    return std::pair(outcome.position.step, validations);
  };
  CHECK(steps_of({{"train.min_steps", "40"}}) == std::pair(Index{50}, Index{2}));
  CHECK(steps_of({{"train.min_steps", "61"}}) == std::pair(Index{61}, Index{2}));
  CHECK(steps_of({{"train.min_steps", "61"}, {"train.evaluate_every", "20"}}) == std::pair(Index{61}, Index{4}));
  CHECK(steps_of({{"train.min_steps", "61"}, {"train.steps", "55"}}) == std::pair(Index{55}, Index{2}));
}

TEST_CASE("a run that ends while it still improves prints a note") {
  const data::Scratch scratch;
  const auto printed = [&](const char* lr) {
    Trained t(tiny("rnn-attention", {{"train.steps", "80"},
                                     {"train.evaluate_every", "16"},
                                     {"model.dropout", "0"},
                                     {"train.best_by", "loss"},
                                     {"train.schedule", "constant"},
                                     {"train.warmup", "100"},
                                     {"train.lr", lr}}));
    std::FILE* file = std::fopen((scratch.folder() / lr).c_str(), "w+");
    Progress progress(file, false, [] { return 0.0; });
    t.trainer.run(progress);
    std::fclose(file);
    return data::contents(scratch.folder() / lr);
  };
  CHECK_THAT(printed("0.04"),
             ContainsSubstring("still improved: \"loss\" went from") && ContainsSubstring("--steps 160"));
  CHECK_THAT(printed("0.000001"), !ContainsSubstring("still improved"));
}

TEST_CASE("a run is evaluated at its interval, keeps its best and last parameters, and repeats exactly") {
  const data::Scratch scratch;
  const auto make = [&](const char* name) {
    Trained t(tiny("attention", {{"train.epochs", "2"}, {"train.steps", "0"}, {"train.evaluate_every", "0"}}));
    const RunDirectory directory =
        RunDirectory::create(scratch.folder() / name, t.run.config, t.dataset.source, t.dataset.target);
    Progress progress = Progress::silent();
    const Outcome outcome = t.trainer.run(progress, &directory);
    CHECK(outcome.ending == Ending::complete);
    CHECK(outcome.position.epoch == 2);
    CHECK(outcome.position.step == 50);
    CHECK(hash_of(*load_run(directory, Which::last).store) == hash_of(*t.run.store));
    CHECK(load_run(directory).target == t.dataset.target);
    return directory;
  };
  const RunDirectory a = make("a"), b = make("b");
  CHECK(data::contents(a.last()) == data::contents(b.last()));
  CHECK(data::contents(a.best()) == data::contents(b.best()));
  CHECK(data::contents(a.metrics()) == data::contents(b.metrics()));
  const std::string metrics = data::contents(a.metrics());
  CHECK_THAT(metrics, ContainsSubstring("\"valid_sequence_error_rate\""));
  CHECK(std::count(metrics.begin(), metrics.end(), '\n') == 3);  // a metrics line at step 50, validations at 25 and 50
}

TEST_CASE("with averages, validation and the best checkpoint use them, and training does not depend on them") {
  const data::Scratch scratch;
  const auto make = [&](const char* name, const char* average) {
    Trained t(tiny("rnn", {{"train.average", average}, {"train.best_by", "loss"}}));
    const RunDirectory directory =
        RunDirectory::create(scratch.folder() / name, t.run.config, t.dataset.source, t.dataset.target);
    Progress progress = Progress::silent();
    const Outcome outcome = t.trainer.run(progress, &directory);
    const Run best = load_run(directory), last = load_run(directory, Which::last);
    CHECK(mean_loss(*best.model, t.dataset.valid) == outcome.position.best);
    CHECK(hash_of(*last.store) == hash_of(*best.store));  // the only validation was at the end
    return std::pair(hash_of(*t.run.store), hash_of(*best.store));
  };
  const auto [parameters, averages] = make("average", "0.9");
  CHECK(averages != parameters);
  CHECK(make("none", "0") == std::pair(parameters, parameters));
}

TEST_CASE("training ends early when validation stops improving, and on request") {
  Progress progress = Progress::silent();
  Trained patient(tiny("rnn", {{"train.lr", "1e-30"}, {"train.patience", "2"}, {"train.evaluate_every", "2"}}));
  const Outcome outcome = patient.trainer.run(progress);
  CHECK(outcome.ending == Ending::patience);
  CHECK(outcome.position.step == 6);

  const data::Scratch scratch;
  Trained asked(tiny("rnn"));
  const RunDirectory directory =
      RunDirectory::create(scratch.folder() / "run", asked.run.config, asked.dataset.source, asked.dataset.target);
  const Outcome stopped = asked.trainer.run(progress, &directory, [] { return true; });
  CHECK(stopped.ending == Ending::interrupted);
  CHECK(files::read_safetensors(directory.last()).metadata.at("step") == "1");
  CHECK_THROWS_WITH(load_run(directory), ContainsSubstring("has no best.safetensors"));
}

TEST_CASE("settings of training that were filled in by hand are refused out of their ranges") {
  static constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  static constexpr Index most = std::numeric_limits<Index>::max();
  struct Case {
    const char* message;
    void (*change)(TrainConfig&);
  };
  const Case cases[] = {
      {"train.log_every = 0 is not allowed: a whole number from 1", [](TrainConfig& c) { c.log_every = 0; }},
      {"train.epochs and train.steps are both 0", [](TrainConfig& c) { c.epochs = c.steps = 0; }},
      {"train.epochs = -1 is not allowed", [](TrainConfig& c) { c.epochs = -1; }},
      {"train.steps = -1 is not allowed", [](TrainConfig& c) { c.steps = -1; }},
      {"train.min_steps = 9223372036854775807 is not", [](TrainConfig& c) { c.min_steps = most; }},
      {"train.batch = 0 is not allowed", [](TrainConfig& c) { c.batch = 0; }},
      {"train.shards = 0 is not allowed", [](TrainConfig& c) { c.shards = 0; }},
      {"train.shards = -1 is not allowed", [](TrainConfig& c) { c.shards = -1; }},
      {"train.shards = 9223372036854775807 is not", [](TrainConfig& c) { c.shards = most; }},
      {"train.accumulate = 0 is not allowed", [](TrainConfig& c) { c.accumulate = 0; }},
      {"train.accumulate = -1 is not allowed", [](TrainConfig& c) { c.accumulate = -1; }},
      {"times train.accumulate = 1024 is above 1024", [](TrainConfig& c) { c.shards = 2, c.accumulate = 1024; }},
      {"train.clip = nan is not allowed", [](TrainConfig& c) { c.clip = nan; }},
      {"train.clip = -1.0 is not allowed", [](TrainConfig& c) { c.clip = -1; }},
      {"train.average = nan is not allowed", [](TrainConfig& c) { c.average = nan; }},
      {"train.average = 2.0 is not allowed", [](TrainConfig& c) { c.average = 2; }},
      {"train.r_drop = -1.0 is not allowed", [](TrainConfig& c) { c.r_drop = -1; }},
      {"train.scheduled_sampling = 5.0 is not allowed", [](TrainConfig& c) { c.scheduled_sampling = 5; }},
      {"train.warmup_factor = nan is not allowed", [](TrainConfig& c) { c.warmup_factor = nan; }},
      {"train.label_smoothing = nan is not allowed", [](TrainConfig& c) { c.label_smoothing = nan; }},
      {"train.precision = 9 is not allowed: one of f32, bf16", [](TrainConfig& c) { c.precision = Precision(9); }},
      {"train.best_by = 99 is not allowed", [](TrainConfig& c) { c.best_by = BestBy(99); }},
      {"train.optimizer = \"none\" is not allowed", [](TrainConfig& c) { c.optimizer = "none"; }},
      {"train.milestones = \"0\" is not allowed", [](TrainConfig& c) { c.milestones = {0}; }},
  };
  Trained t(tiny("rnn"));
  Run& run = t.run;
  const TrainConfig good = run.config.train;
  for (const Case& one : cases) {
    run.config.train = good;
    one.change(run.config.train);
    CHECK_THROWS_WITH(Trainer(run, t.dataset), ContainsSubstring(one.message));
    CHECK_THROWS_WITH(TrainingStep(*run.store, run.config.train), ContainsSubstring(one.message));
  }
  run.config.train = good;
  run.config.decode.max_length = -1;
  CHECK_THROWS_WITH(Trainer(run, t.dataset), ContainsSubstring("decode.max_length = -1 is not allowed"));
}

}  // namespace gradus::train::train_trainer_test
