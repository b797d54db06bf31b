#include <gradus/files/internal/utf8.h>
#include <gradus/models/registry.h>
#include <gradus/train/config.h>
#include <gradus/train/dataset.h>
#include <gradus/train/internal/presets.h>

#include "catch.h"
#include "data_scratch.h"

namespace gradus::train::train_config_test {
namespace {

using Catch::Matchers::ContainsSubstring;

RunConfig with(Assignments assignments) {
  assignments.insert(assignments.begin(), {"data.task", "copy"});
  return resolve({.preset = "", .file = {}, .assignments = std::move(assignments)});
}

}  // namespace

TEST_CASE("a configuration written as TOML and read again has the same settings") {
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

TEST_CASE("every setting has a description and accepts its default") {
  RunConfig config;
  for (const Setting& s : settings()) {
    CAPTURE(s.key);
    CHECK(s.help.size() > 5);
    CHECK_NOTHROW(s.set(config, s.get(config)));
  }
}

TEST_CASE("assignments override a file, and a file overrides a preset") {
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

TEST_CASE("a file may have the old name of a value, and the command line is referred to the new one") {
  const RunConfig config =
      from_toml("[data]\ntask = \"copy\"\n[train]\nbest_by = \"word_error_rate\"\n", "config.toml");
  CHECK(config.train.best_by == BestBy::sequence_error_rate);
  CHECK_THAT(to_toml(config), ContainsSubstring("best_by = \"sequence_error_rate\""));
  CHECK_THROWS_WITH(with({{"train.best_by", "word_error_rate"}}),
                    ContainsSubstring("train.best_by = \"word_error_rate\" is not allowed: this value is now named "
                                      "sequence_error_rate; write train.best_by=sequence_error_rate"));
}

TEST_CASE("every preset is valid for every model") {
  for (const std::string& preset : preset_names()) {
    for (const std::string& model : models::model_names()) {
      CHECK_NOTHROW(
          resolve({.preset = preset, .file = {}, .assignments = {{"data.task", "add"}, {"model.name", model}}}));
    }
  }
}

TEST_CASE("a refused setting is named with its value and the allowed values") {
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

TEST_CASE("milestones are whole numbers with commas, and multi_step needs them") {
  const auto milestones = [](const char* text) {
    return with({{"train.schedule", "multi_step"}, {"train.milestones", text}}).train.milestones;
  };
  CHECK(milestones("1000,20") == std::vector<Index>{1000, 20});
  CHECK(setting_named("train.milestones").get(with({{"train.milestones", "3,4"}})) == Value("3,4"));
  for (const char* bad : {",", "1,", ",1", "1,,2", "1 ,2", "0", "-1", "1.5", "x", "99999999999999999999"}) {
    CAPTURE(bad);
    CHECK_THROWS_WITH(
        milestones(bad),
        ContainsSubstring("train.milestones = \"") &&
            ContainsSubstring("is not allowed: whole numbers, separated by commas, from 1 to 1000000000"));
  }
  CHECK_THROWS_WITH(milestones(""), ContainsSubstring("train.schedule = multi_step needs train.milestones"));
}

TEST_CASE("each setting refuses a value out of its range, with name, value and range") {
  for (const Setting& s : settings()) {
    if (std::holds_alternative<std::string>(s.get({})) && s.allowed().find("one of") == std::string::npos) continue;
    CAPTURE(s.key);
    for (const char* bad : {"", "nan", "-1", "-0.5", "1e999", "99999999999999999999999", "on", "\xFF\x1B"}) {
      if (s.key == "train.clip" && std::string_view(bad).size() > 20) continue;  // it has no upper limit
      try {
        RunConfig config;
        s.set(config, s.parse(bad));
        FAIL("accepted " + files::shown(bad));
      } catch (const ConfigError& e) {
        CHECK_THAT(e.what(), Catch::Matchers::StartsWith(s.key + " = "));
        CHECK_THAT(e.what(), ContainsSubstring(" is not allowed: " + s.allowed()));
        CHECK(files::shown(e.what(), 1000) == e.what());
      }
    }
  }
}

TEST_CASE("a key of a hundred thousand parts is refused everywhere, and does not overflow the stack") {
  std::string key = "a";
  for (int i = 0; i < 100000; ++i) key += i % 2 == 0 ? ".a" : R"( . "#.")";
  const std::vector<std::string> before = {"",
                                           "[",
                                           "[[",
                                           "x = {",
                                           "x = [{y = 1}, {",
                                           "# it's \"open\n",
                                           R"(x = "\"")"
                                           "\n",
                                           R"(x = '\')"
                                           "\n",
                                           R"(x = """
\""" """"")"
                                           "\n",
                                           "x = '''\n''\n'''''\n"};
  for (const std::string& text : before) {
    CAPTURE(text);
    CHECK_THROWS_WITH(from_toml(text + key + " = 1", "c.toml"), ContainsSubstring(": a key of more than 8 parts"));
  }
  CHECK_THROWS_WITH(from_toml("x = 1\n" + key, "c.toml"), ContainsSubstring("c.toml:2:32: a key of more than"));
  CHECK_NOTHROW(from_toml("data.task = \"copy\" # " + key + "\ntrain.lr = 0.5", "c.toml"));
  CHECK_NOTHROW(from_toml("data.train = \"a.b.c.d.e.f.g.h.i.j.k.l\"", "c.toml"));
}

TEST_CASE("a text that is invalid in TOML or in a path is refused") {
  CHECK_THROWS_WITH(with({{"data.train", "a\xFF"}}),
                    "data.train = \"a\\xFF\" is not allowed: a text in UTF-8, without NUL");
  CHECK_THROWS_WITH(from_toml("data.train = \"a\\u0000b\"", "c.toml"),
                    ContainsSubstring("c.toml:1:14: data.train = \"a\\x00b\""));
}

TEST_CASE("quotations of a configuration have limited length and no control characters") {
  const std::string hostile = "\\u001b[2J" + std::string(100000, 'x');
  const std::vector<std::string> texts = {"\"" + hostile + "\" = 1",
                                          "train.lr = \"" + hostile + "\"",
                                          "data.task = \"" + hostile + "\"",
                                          "train.optimizer = \"" + hostile + "\"",
                                          "x = \x1B",
                                          "x = \"\x1B\"",
                                          hostile + " = 1"};
  for (const std::string& text : texts) {
    try {
      from_toml(text, "c.toml");
      FAIL("accepted");
    } catch (const ConfigError& e) {
      CHECK(files::shown(e.what(), 1000) == e.what());
    }
  }
}

TEST_CASE("settings that contradict each other are refused") {
  CHECK_THROWS_AS(resolve({}), ConfigError);
  CHECK_THROWS_WITH(with({{"data.task", "cpy"}}), ContainsSubstring("did you mean copy?"));
  CHECK_THROWS_WITH(with({{"data.train", "f"}}), ContainsSubstring("both set"));
  CHECK_THROWS_WITH(with({{"train.epochs", "0"}}), ContainsSubstring("both 0"));
  CHECK_THROWS_WITH(with({{"data.min_length", "5"}, {"data.max_length", "4"}}), ContainsSubstring("below"));
  CHECK_THROWS_WITH(with({{"model.name", "transformer"}, {"model.heads", "5"}}), ContainsSubstring("heads is 5"));
  CHECK_THROWS_WITH(with({{"train.min_lr", "1"}}), ContainsSubstring("above train.lr"));
  CHECK_THROWS_WITH(with({{"data.train_target", "f"}}), ContainsSubstring("both set"));
  CHECK_THROWS_WITH(with({{"data.task", ""}, {"data.train", "f"}, {"data.valid_target", "g"}}),
                    ContainsSubstring("data.valid_target is set, data.valid is not"));
  const auto files = [](Assignments more) {
    more.emplace_back("data.train", "f");
    return resolve({.preset = "", .file = {}, .assignments = std::move(more)});
  };
  CHECK_THROWS_WITH(files({{"data.valid_target", "g"}}),
                    ContainsSubstring("data.valid_target is set, data.valid is not"));
  CHECK_THROWS_WITH(files({{"data.valid_target", "g"}, {"data.valid", "h"}}),
                    ContainsSubstring("data.valid_target is set, data.train_target is not"));
  CHECK_THROWS_WITH(files({{"data.train_target", "g"}, {"data.valid", "h"}}),
                    ContainsSubstring("data.train_target is set, data.valid_target is not"));
  CHECK_THROWS_WITH(files({{"data.train_target", "g"}, {"data.format", "dictionary"}}),
                    ContainsSubstring("whose lines hold both sides"));
}

TEST_CASE("an error in a configuration file is reported with file, line and column") {
  CHECK_THROWS_WITH(from_toml("[train]\nlr = \"fast\"\n", "c.toml"),
                    ContainsSubstring("c.toml:2:6: train.lr = \"fast\""));
  CHECK_THROWS_WITH(from_toml("[train]\nlrr = 1\n", "c.toml"), ContainsSubstring("c.toml:2:1: there is no setting"));
  CHECK_THROWS_WITH(from_toml("[train]\nlr = [1]\n", "c.toml"),
                    ContainsSubstring("c.toml:2:6: train.lr is a table, list"));
  CHECK_THROWS_WITH(from_toml("[nothing.here]\na = 1\n", "c.toml"),
                    ContainsSubstring("c.toml:1:2: there is no setting \"nothing\""));
  CHECK_THROWS_WITH(from_toml("train = 5\n", "c.toml"), ContainsSubstring("c.toml:1:1: there is no setting \"train\""));
  CHECK_THROWS_WITH(from_toml("[train\n", "c.toml"), ContainsSubstring("c.toml:1:7: "));
  CHECK_THROWS_WITH(from_toml("data.task = \"copy\"\ntrain.epochs = 0\n", "c.toml"),
                    Catch::Matchers::StartsWith("c.toml: train.epochs and train.steps are both 0"));
  CHECK_THROWS_WITH(read_config("/nowhere/c.toml"), "/nowhere/c.toml: cannot be opened: No such file or directory");
}

TEST_CASE("a toy task has its own number of training pairs unless data.pairs is set") {
  const auto pairs = [](const char* task, const char* wanted) {
    return load_dataset(with({{"data.task", task}, {"data.pairs", wanted}})).train.size();
  };
  CHECK(pairs("copy", "0") == 20000);
  CHECK(pairs("add", "0") == 100000);
  CHECK(pairs("add", "30") == 30);
}

}  // namespace gradus::train::train_config_test
