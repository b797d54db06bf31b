#include "train/config.h"

#include "tests/catch.h"
#include "tests/data_scratch.h"
#include "train/presets.h"

namespace gradus::train {
namespace {

using Catch::Matchers::ContainsSubstring;

RunConfig with(Assignments assignments) {
  assignments.insert(assignments.begin(), {"data.task", "copy"});
  return resolve({.preset = "", .file = {}, .assignments = std::move(assignments)});
}

}  // namespace

TEST_CASE("a configuration written as TOML and read again is the same in every setting") {
  const RunConfig config = with({{"model.name", "transformer"},
                                 {"model.norm", "post"},
                                 {"model.dropout", "0.1"},
                                 {"train.lr", "1e-05"},
                                 {"train.clip", "inf"},
                                 {"train.seed", "4294967295"},
                                 {"train.schedule", "inverse_sqrt"},
                                 {"data.on_bad_line", "stop"}});
  const RunConfig again = from_toml(to_toml(config), "again.toml");
  for (const Setting& s : settings()) {
    CAPTURE(s.key);
    CHECK(s.get(config) == s.get(again));
  }
  CHECK(to_toml(again) == to_toml(config));
}

TEST_CASE("texts with quotes, backslashes and control characters survive TOML") {
  RunConfig config;
  config.data.train = "a \"b\" \\c\td\n\x01 é";
  CHECK(from_toml(to_toml(config), "x").data.train == config.data.train);
}

TEST_CASE("every setting says what it means and allows its own default") {
  RunConfig config;
  for (const Setting& s : settings()) {
    CAPTURE(s.key);
    CHECK(s.help.size() > 5);
    CHECK_NOTHROW(s.set(config, s.get(config)));
  }
}

TEST_CASE("assignments are stronger than a file, a file is stronger than a preset") {
  const data::Scratch scratch;
  const auto file =
      scratch.write("c.toml", "[model]\ndim = 48\nhidden = 24\n[train]\nlr = 1\n[data]\ntask = \"sort\"\n");
  const RunConfig config = resolve({.preset = "base", .file = file, .assignments = {{"model.hidden", "12"}}});
  CHECK(config.model.dim == 48);
  CHECK(config.model.hidden == 12);
  CHECK(config.train.lr == 1);
  CHECK(config.data.task == "sort");
  CHECK(config.train.batch == 128);
}

TEST_CASE("every preset fits every model") {
  for (const std::string& preset : preset_names()) {
    for (const char* model : {"rnn", "rnn-attention", "attention", "transformer"}) {
      CHECK_NOTHROW(
          resolve({.preset = preset, .file = {}, .assignments = {{"data.task", "add"}, {"model.name", model}}}));
    }
  }
}

TEST_CASE("a refused setting is named with its value and what is allowed") {
  CHECK_THROWS_WITH(with({{"train.lr", "0"}}),
                    ContainsSubstring("train.lr = 0.0 is not allowed: a number above 0 up to 100"));
  CHECK_THROWS_WITH(with({{"train.lr", "nan"}}), ContainsSubstring("train.lr = nan is not allowed"));
  CHECK_THROWS_WITH(with({{"train.batch", "3.5"}}), ContainsSubstring("train.batch = \"3.5\" is not allowed: a whole"));
  CHECK_THROWS_WITH(with({{"train.batch", ""}}), ContainsSubstring("train.batch = \"\""));
  CHECK_THROWS_WITH(with({{"model.tied", "yes"}}), ContainsSubstring("true or false"));
  CHECK_THROWS_WITH(with({{"model.cell", "gur"}}), ContainsSubstring("one of rnn, gru, lstm; did you mean gru?"));
  CHECK_THROWS_WITH(with({{"trian.lr", "1"}}), ContainsSubstring("no setting \"trian.lr\"; did you mean train.lr?"));
  CHECK_THROWS_WITH(with({{"shards", "1"}}), ContainsSubstring("did you mean train.shards?"));
  CHECK_THROWS_WITH(resolve({.preset = "smal", .file = {}, .assignments = {}}),
                    ContainsSubstring("did you mean small?"));
  CHECK_THROWS_WITH(split_assignment("train.lr"), ContainsSubstring("not key=value"));
}

TEST_CASE("settings that contradict each other are refused") {
  CHECK_THROWS_AS(resolve({}), ConfigError);
  CHECK_THROWS_WITH(with({{"data.task", "cpy"}}), ContainsSubstring("did you mean copy?"));
  CHECK_THROWS_WITH(with({{"data.train", "f"}}), ContainsSubstring("both set"));
  CHECK_THROWS_WITH(with({{"train.epochs", "0"}}), ContainsSubstring("both 0"));
  CHECK_THROWS_WITH(with({{"data.min_length", "5"}, {"data.max_length", "4"}}), ContainsSubstring("below"));
  CHECK_THROWS_WITH(with({{"model.name", "transformer"}, {"model.heads", "5"}}), ContainsSubstring("heads is 5"));
  CHECK_THROWS_WITH(with({{"train.min_lr", "1"}}), ContainsSubstring("above train.lr"));
}

TEST_CASE("what is wrong in a configuration file is said with file and line") {
  CHECK_THROWS_WITH(from_toml("[train]\nlr = \"fast\"\n", "c.toml"),
                    ContainsSubstring("c.toml:2: train.lr = \"fast\""));
  CHECK_THROWS_WITH(from_toml("[train]\nlrr = 1\n", "c.toml"), ContainsSubstring("c.toml:2: there is no setting"));
  CHECK_THROWS_WITH(from_toml("[train]\nlr = [1]\n", "c.toml"),
                    ContainsSubstring("c.toml:2: train.lr is a table, list"));
  CHECK_THROWS_WITH(from_toml("[nothing.here]\na = 1\n", "c.toml"), ContainsSubstring("no setting \"nothing\""));
  CHECK_THROWS_WITH(from_toml("train = 5\n", "c.toml"), ContainsSubstring("no setting \"train\""));
  CHECK_THROWS_WITH(from_toml("[train\n", "c.toml"), ContainsSubstring("c.toml:1"));
  CHECK_THROWS_WITH(read_config("/nowhere/c.toml"), ContainsSubstring("no such file"));
}

}  // namespace gradus::train
