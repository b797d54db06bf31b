#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include <gradus/train/sweep.h>

#include "program.h"

// Grids and random draws of settings, and the command gradus sweep.
namespace gradus::train::train_sweep_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using data::contents;
using data::Scratch;
using Values = std::vector<std::string>;

std::vector<std::string> names(const std::vector<Assignments>& all, const std::vector<SweptSetting>& settings) {
  std::vector<std::string> names;
  for (const Assignments& a : all) names.push_back(name_of(a, settings));
  return names;
}

const std::string tiny =
    " --task reverse --dim 8 --set data.pairs=60 --set data.valid_pairs=10 --set data.max_length=4 "
    "--set model.max_length=12 --batch 16 --set train.log_every=1 ";

Index lines_of(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

}  // namespace

TEST_CASE("the values of a sweep are lists between commas, and a value that has commas stays whole") {
  const auto swept = read_sweep({"train.lr=1e-3,0.002", "model.name=rnn,transformer", "train.milestones=10,20",
                                 "train.milestones=30", "data.train=a,b.tsv", "train.lr=0.004,0.001"});
  REQUIRE(swept.size() == 4);
  CHECK(swept[0].key == "train.lr");
  CHECK(swept[0].values == Values{"0.001", "0.002", "0.004"});
  CHECK(swept[1].values == Values{"rnn", "transformer"});
  CHECK(swept[2].values == Values{"10,20", "30"});
  CHECK(swept[3].values == Values{"a,b.tsv"});
}

TEST_CASE("a sweep that cannot be read is refused with its reason") {
  const auto refused = [](const std::vector<std::string>& sets, const std::string& what) {
    CAPTURE(sets);
    CHECK_THROWS_WITH(read_sweep(sets), ContainsSubstring(what));
  };
  refused({"train.ls=1,2"}, "there is no setting \"train.ls\"; did you mean train.lr?");
  refused({"train.lr"}, "is not key=value");
  refused({"train.lr=0.1,x"}, "train.lr = \"x\" is not allowed");
  refused({"train.lr=0.1,"}, "train.lr = \"\" is not allowed");
  refused({"train.lr=0.1..1000"}, "train.lr = 1000.0 is not allowed");
  refused({"train.lr=0.2..0.1"}, "expected LOW..HIGH with LOW below HIGH");
  refused({"train.label_smoothing=log:0..0.1"}, "above 0 with log:");
  refused({"model.name=rnn..transformer"}, "model.name = \"rnn..transformer\" is not allowed");
  refused({"train.batch=1.5..3"}, "train.batch = \"1.5\" is not allowed");
  refused({"train.lr=0.1..0.2", "train.lr=0.3"}, "train.lr has a range and other values");
  CHECK_THROWS_WITH(grid(read_sweep({"train.lr=0.1..0.2"})), ContainsSubstring("which only --random N draws from"));
}

TEST_CASE("a grid has every combination, the last setting fastest, named by the settings with several values") {
  const auto swept = read_sweep({"train.lr=0.001,0.002", "train.batch=8", "model.dropout=0.1,0.3"});
  CHECK(names(grid(swept), swept) ==
        Values{"lr=0.001,dropout=0.1", "lr=0.001,dropout=0.3", "lr=0.002,dropout=0.1", "lr=0.002,dropout=0.3"});
  CHECK(grid(swept).front().size() == 3);
  CHECK(names(grid({}), {}) == Values{"run"});

  const auto same = read_sweep({"model.max_length=20,30", "data.max_length=4,5"});
  CHECK(names(grid(same), same).front() == "model.max_length=20,data.max_length=4");
  const auto files = read_sweep({"data.train=a/b.tsv", "data.train=a-b.tsv"});
  const Values of_files = names(grid(files), files);
  CHECK(of_files[0].starts_with("train=a-b.tsv-"));
  CHECK(of_files[1] == "train=a-b.tsv");
}

TEST_CASE("draws lie in their ranges, differ, and do not depend on their number") {
  const auto swept = read_sweep({"train.lr=log:1e-4..1e-2", "model.dim=6..9", "model.name=rnn,transformer",
                                 "model.dropout=0.1..0.5", "model.hidden=log:8..64"});
  const std::vector<Assignments> all = draws(swept, 200, 1);
  REQUIRE(all.size() == 200);
  CHECK(std::set<Assignments>(all.begin(), all.end()).size() == 200);
  std::set<std::string> dims, models;
  int below = 0;
  bool inside = true;
  for (const Assignments& a : all) {
    const double lr = std::stod(a[0].second), dropout = std::stod(a[3].second), hidden = std::stod(a[4].second);
    inside = inside && lr >= 1e-4 && lr <= 1e-2 && dropout >= 0.1 && dropout <= 0.5 && hidden >= 8 && hidden <= 64;
    below += lr < 1e-3 ? 1 : 0;
    dims.insert(a[1].second);
    models.insert(a[2].second);
    RunConfig config;
    for (const auto& [key, value] : a) setting_named(key).set(config, setting_named(key).parse(value));
  }
  CHECK(inside);
  CHECK(dims == std::set<std::string>{"6", "7", "8", "9"});
  CHECK(models.size() == 2);
  CHECK(std::abs(below - 100) < 30);  // four standard deviations
  const std::vector<Assignments> few = draws(swept, 5, 1);
  CHECK(std::equal(few.begin(), few.end(), all.begin()));
  CHECK(draws(swept, 5, 2) != few);
  CHECK(draws(read_sweep({"model.dim=8,9", "model.tied=true,false"}), 10, 1).size() == 4);
}

TEST_CASE("gradus sweep trains each combination, keeps what is complete, resumes the rest and prints a table") {
  const Scratch scratch;
  const std::string command =
      "sweep --model attention" + tiny + "--steps 6 --set train.lr=0.001,0.01 --set train.seed=1,2 --out s";
  const Ran first = run(scratch, command);
  CAPTURE(first.err);
  REQUIRE(first.code == 0);
  CHECK_THAT(first.err, ContainsSubstring("run 4 of 4: lr=0.01,seed=2\n"));
  CHECK(lines_of(first.out) == 5);
  CHECK_THAT(first.out,
             ContainsSubstring("train.lr") && ContainsSubstring("lr=0.001,seed=1") && ContainsSubstring("complete"));
  const auto folder = scratch.folder() / "s";
  CHECK(lines_of(contents(folder / "sweep.tsv")) == 5);
  CHECK(contents(folder / "sweep.tsv").starts_with("run\ttrain.seed\ttrain.lr\tsequence_error_rate\tbest step\tsteps"));
  CHECK(lines_of(contents(folder / "sweep.jsonl")) == 4);
  CHECK_THAT(contents(folder / "sweep.jsonl"), ContainsSubstring("\"train.lr\":0.01,"));

  // A run that was killed before its end is resumed, with the same result.
  const auto part = folder / "lr=0.01,seed=1";
  const std::string whole = contents(part / "last.safetensors"),
                    other = contents(folder / "lr=0.01,seed=2/last.safetensors");
  std::filesystem::remove(part / "last.safetensors");
  const Ran again = run(scratch, command);
  CHECK(again.code == 0);
  CHECK_THAT(again.err, ContainsSubstring("run 1 of 4: lr=0.001,seed=1: complete\n") &&
                            ContainsSubstring("run 3 of 4: lr=0.01,seed=1\n"));
  CHECK(contents(part / "last.safetensors") == whole);
  CHECK(contents(folder / "lr=0.01,seed=2/last.safetensors") == other);

  const Ran table = run(scratch, "sweep --out s --table");
  CHECK(table.code == 0);
  CHECK(lines_of(table.out) == 5);

  // Other lengths of training are no part of this sweep.
  const Ran longer = run(
      scratch, "sweep --model attention" + tiny + "--steps 7 --set train.lr=0.001,0.01 --set train.seed=1,2 --out s");
  CHECK(longer.code == 1);
  CHECK_THAT(longer.err, ContainsSubstring("lr=0.01,seed=2: train.steps = 7 contradicts the run in s/lr=0.01,seed=2"));
}

TEST_CASE("a run of a sweep that fails is reported, and the others go on") {
  const Scratch scratch;
  const Ran ran = run(
      scratch, "sweep" + tiny +
                   "--model transformer --set model.ffn=8 --steps 2 --set model.heads=3,2 --set train.lr=0.01 --out s");
  CAPTURE(ran.err);
  CHECK(ran.code == 1);
  CHECK_THAT(ran.err, ContainsSubstring("heads=3: model option heads is 3, which does not divide dim, 8") &&
                          ContainsSubstring("1 of 2 runs failed"));
  CHECK_THAT(ran.out, ContainsSubstring("heads=2"));
  CHECK(!std::filesystem::exists(scratch.folder() / "s" / "heads=3"));
}

TEST_CASE("a sweep by minutes sets the steps of each run, and keeps them") {
  const Scratch scratch;
  const std::string command =
      "sweep --model attention" + tiny + "--minutes 0.001 --random 2 --set train.lr=log:1e-3..1e-2 --out s";
  const Ran first = run(scratch, command);
  CAPTURE(first.err);
  REQUIRE(first.code == 0);
  CHECK_THAT(first.err, ContainsSubstring("0.001 minutes are "));
  const Ran again = run(scratch, command);
  CHECK(again.code == 0);
  CHECK_THAT(again.err, !ContainsSubstring(" minutes are ") && ContainsSubstring(": complete\n"));
}

TEST_CASE("contradictions of a sweep are refused before anything is written") {
  const Scratch scratch;
  const auto refused = [&](const std::string& arguments, const std::string& what) {
    const Ran ran = run(scratch, "sweep" + arguments);
    CAPTURE(arguments, ran.err);
    CHECK(ran.code == 2);
    CHECK_THAT(ran.err, ContainsSubstring(what));
    CHECK(!std::filesystem::exists(scratch.folder() / "s"));
  };
  refused(tiny + "--lr 0.1 --set train.lr=0.1,0.2 --out s", "train.lr has a flag of its own and --set train.lr");
  refused(tiny + "--set train.lr=0.1..0.2 --out s", "which only --random N draws from");
  refused(tiny + "--minutes 1 --set train.steps=1,2 --out s", "--minutes sets the length of training");
  refused(tiny + "--minutes 1 --steps 3 --out s", "--steps excludes --minutes");
  refused(tiny + "--random-seed 2 --out s", "--random-seed requires --random");
  const Ran table = run(scratch, "sweep --out s --table");
  CHECK(table.code == 1);
  CHECK_THAT(table.err, ContainsSubstring("s: cannot be read: No such file or directory"));
  REQUIRE(run(scratch, "train" + tiny + "--steps 1 --out r").code == 0);
  const Ran onto = run(scratch, "sweep" + tiny + "--out r");
  CHECK(onto.code == 2);
  CHECK_THAT(onto.err, ContainsSubstring("--out r: it is a run"));
}

TEST_CASE("a setting of a sweep without values, and a range without numbers, are refused") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH(draws({{.key = "train.lr"}}, 2, 1), ContainsSubstring("train.lr has no values"));
  CHECK_THROWS_WITH(grid({{.key = "train.lr"}}), ContainsSubstring("train.lr has no values"));
  const SweptSetting ranges[] = {{.key = "train.lr", .range = true, .low = nan, .high = 1},
                                 {.key = "train.lr", .range = true, .low = 1, .high = 0.5},
                                 {.key = "train.lr", .range = true, .low = 0, .high = 1, .logarithmic = true}};
  for (const SweptSetting& range : ranges)
    CHECK_THROWS_WITH(draws({range}, 2, 1), ContainsSubstring("expected LOW..HIGH with LOW below HIGH"));
  const SweptSetting three{.key = "train.lr", .values = {"0.1", "0.2", "0.3"}};
  CHECK_THROWS_WITH(grid(std::vector<SweptSetting>(40, three)), ContainsSubstring("more than 1000000 combinations"));
  const std::vector<SweptSetting> two = read_sweep({"train.lr=0.1,0.2"});
  for (const Index count : {Index{-1}, std::numeric_limits<Index>::max()})
    CHECK_THROWS_WITH(draws(two, count, 1), ContainsSubstring("combinations of a sweep; expected 0 to 1000000"));
}

}  // namespace gradus::train::train_sweep_test
