#include <fmt/format.h>

#include "small_run.h"

namespace gradus::train::train_changes_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using data::contents;
using data::Scratch;

// Replaces the value of a setting in the config.toml of a run.
void edit(const std::filesystem::path& run, const std::string& key, const std::string& value) {
  RunConfig config = read_config(run / "config.toml");
  const Setting& setting = setting_named(key);
  setting.set(config, setting.parse(value));
  std::ofstream(run / "config.toml") << to_toml(config);
}

// What a resumed run prints, or the message of its refusal.
std::string log_of_resuming(const Scratch& scratch, const std::filesystem::path& run) {
  const std::filesystem::path log = scratch.folder() / "log";
  try {
    const RunDirectory directory = RunDirectory::reopen(run);
    Trained t(read_config(directory.config()));
    t.trainer.resume(directory);
    std::FILE* file = std::fopen(log.c_str(), "w");
    Progress progress(file, false, [] { return 0.0; });
    t.trainer.run(progress, &directory, [] { return true; });
    std::fclose(file);
  } catch (const Error& e) {
    return e.what();
  }
  return contents(log);
}

// A run that was stopped after 20 steps: one epoch of 14 batches, and 6 batches.
std::filesystem::path stopped_run(const Scratch& scratch, const std::string& name, Assignments more = {}) {
  const auto path = scratch.folder() / name;
  {
    Trained t(small(std::move(more)));
    t.make(path);
  }
  go_on(path, 20);
  return path;
}

}  // namespace

TEST_CASE("a setting that was changed before a run is resumed is reported with both values, once") {
  const Scratch scratch;
  const auto run = stopped_run(scratch, "run");
  CHECK_THAT(log_of_resuming(scratch, run), !ContainsSubstring("note"));
  for (const auto& [key, value, before] : {std::tuple{"train.lr", "0.001", "0.002"},
                                           {"train.shards", "3", "2"},
                                           {"model.dropout", "0.1", "0.3"},
                                           {"model.word_dropout", "0.1", "0.0"},
                                           {"train.weight_decay", "0.5", "0.0"},
                                           {"train.epochs", "4", "3"}}) {
    CAPTURE(key);
    edit(run, key, value);
    const std::string log = log_of_resuming(scratch, run);
    CHECK_THAT(log, ContainsSubstring(fmt::format("note: {} = {}, was {} up to step ", key, value, before)));
    CHECK_THAT(log_of_resuming(scratch, run), !ContainsSubstring("note"));
  }
  for (const auto& [key, value] : {std::pair{"train.keep", "1"}, {"train.save_every", "3"}, {"train.log_every", "2"}}) {
    edit(run, key, value);
    CHECK_THAT(log_of_resuming(scratch, run), !ContainsSubstring("note"));
  }
}

TEST_CASE("an epoch starts again when its batches were changed, and the run ends") {
  const Scratch scratch;
  const std::string file = scratch.write("t.tsv", [] {
    std::string lines;
    for (int i = 0; i < 120; ++i) lines += fmt::format("{}\t{} {}\n", i, i % 7, i % 3);
    return lines;
  }());
  for (const auto& [key, value] : {std::pair{"train.batch", "7"}, {"train.seed", "9"}, {"train.batch_by", "tokens"}}) {
    CAPTURE(key);
    const auto run = stopped_run(scratch, key, {{"data.task", ""}, {"data.train", file}, {"data.valid", file}});
    edit(run, key, value);
    const std::string log = log_of_resuming(scratch, run);
    CHECK_THAT(log, ContainsSubstring(fmt::format("note: {} = ", key)));
    CHECK_THAT(log, ContainsSubstring("note: epoch 2 starts again with the new batches"));
    const auto position = [&] {
      const std::string name = (run / "last.safetensors").string();
      return position_of(files::read_safetensors(name), name);
    };
    CHECK(position().order_step == 20);
    CHECK(position().order_epoch == 1);
    CHECK(position().batch == 1);
    const Outcome end = go_on(run);
    CHECK(end.ending == Ending::complete);
    CHECK(end.position.epoch == 3);
    CHECK(go_on(run).position == end.position);
  }
}

TEST_CASE("a setting that gives the parameters another meaning is refused, for training and for decoding") {
  const Scratch scratch;
  const Assignments model{{"model.name", "transformer"}, {"model.heads", "2"}};
  {
    Trained t(small(model));
    t.make(scratch.folder() / "run");
  }
  const auto run = scratch.folder() / "run";
  go_on(run, 20);
  const std::string good = contents(run / "config.toml");
  for (const auto& [key, value, before] : {std::tuple{"model.heads", "4", "2"},
                                           {"model.norm", "\"post\"", "\"pre\""},
                                           {"model.residual", "false", "true"}}) {
    CAPTURE(key);
    const std::string plain = value[0] == '"' ? std::string(value).substr(1, std::string(value).size() - 2) : value;
    edit(run, key, plain);
    const std::string message = fmt::format(
        "last.safetensors: it was trained with {} = {}, config.toml has {}: restore the old value", key, before, value);
    CHECK_THAT(log_of_resuming(scratch, run), ContainsSubstring(message));
    CHECK_THROWS_WITH(load_run(RunDirectory::open(run), Which::last), ContainsSubstring(message));
    scratch.write("run/config.toml", good);
  }
  CHECK_NOTHROW(load_run(RunDirectory::open(run), Which::last));
}

TEST_CASE("a run keeps its optimiser and the measure of its best state, and other states are refused with the change") {
  const Scratch scratch;
  const auto run = stopped_run(scratch, "run");
  const std::string good = contents(run / "config.toml");
  const auto refused = [&](const char* key, const char* value, const std::string& message) {
    edit(run, key, value);
    CHECK_THAT(log_of_resuming(scratch, run), ContainsSubstring(message));
    scratch.write("run/config.toml", good);
  };
  refused("train.optimizer", "sgd",
          "train.optimizer = \"sgd\", was \"adam\"; a run keeps this setting: restore it, or train a new run");
  refused("train.best_by", "loss", "train.best_by = \"loss\", was \"sequence_error_rate\"; a run keeps this setting");
  refused("train.average", "0.9", "it was written with other options (train.average = 0.9, was 0.0)");
}

TEST_CASE("a run that was written before a value was renamed continues to the same end, with one note") {
  const Scratch scratch;
  const auto run = stopped_run(scratch, "run");
  const Outcome end = undisturbed(small(), scratch.folder() / "whole");
  std::string config = contents(run / "config.toml");
  config.replace(config.find("sequence_error_rate"), 19, "word_error_rate");
  scratch.write("run/config.toml", config);
  files::Safetensors checkpoint = files::read_safetensors(run / "last.safetensors");
  checkpoint.metadata.at("train.best_by") = "\"word_error_rate\"";
  files::write_safetensors(run / "last.safetensors", checkpoint);
  CHECK_THAT(log_of_resuming(scratch, run),
             ContainsSubstring("note: train.best_by = \"word_error_rate\" is now named \"sequence_error_rate\", in "
                               "metrics.jsonl too; its meaning is the same"));
  CHECK_THAT(log_of_resuming(scratch, run), !ContainsSubstring("note"));
  CHECK(go_on(run).position == end.position);
}

TEST_CASE("changed validation pairs are reported as such, by their file") {
  const Scratch scratch;
  const std::string train = scratch.write("t.tsv", "ab\tA B\nb\tB\na\tA\n"), valid = scratch.write("v.tsv", "a\tA\n");
  const auto run = stopped_run(
      scratch, "run",
      {{"data.task", ""}, {"data.train", train}, {"data.valid", valid}, {"train.epochs", "0"}, {"train.steps", "99"}});
  scratch.write("v.tsv", "a\tB\n");
  CHECK_THAT(log_of_resuming(scratch, run),
             ContainsSubstring("it was validated on other pairs than " + valid + " gives now; restore the old ones"));
  scratch.write("v.tsv", "a\tA\n");
  scratch.write("t.tsv", "ab\tA B\nb\tA\na\tB\n");
  CHECK_THAT(log_of_resuming(scratch, run),
             ContainsSubstring("it was trained on other pairs than " + train + " gives now; restore the old ones"));
}

}  // namespace gradus::train::train_changes_test
