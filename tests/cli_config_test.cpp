#include <gradus/train/settings.h>

#include <set>

#include "program.h"

// The flags of single settings, and the command that prints where values come from.
namespace gradus::cli_config_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using data::Scratch;

// The lines without their comments.
std::string values_of(const std::string& toml) {
  std::istringstream lines(toml);
  std::string values;
  for (std::string line; std::getline(lines, line);) values += line.substr(0, line.find("  #")) + "\n";
  return values;
}

}  // namespace

TEST_CASE("each flag belongs to one setting") {
  std::set<std::string> flags;
  for (const train::Setting& s : train::settings()) {
    CAPTURE(s.key, s.flag);
    CHECK(s.key.find(' ') == std::string::npos);
    if (s.flag.empty()) continue;
    CHECK(s.flag.starts_with("--"));
    CHECK(flags.insert(s.flag).second);
  }
  for (const char* flag : {"--lr", "--batch", "--dropout", "--patience", "--epochs", "--steps", "--seed"})
    CHECK(flags.contains(flag));
}

TEST_CASE("config prints each value with its origin, and reads its own output") {
  const Scratch scratch;
  scratch.write("mine.toml", "[train]\nbatch = 7\nlr = 0.5\n");
  const Ran printed = run(scratch,
                          "config --preset small --model transformer --config mine.toml --lr 0.25 --set "
                          "train.warmup=3 --detect-nan --steps 9 --task copy");
  CAPTURE(printed.err);
  REQUIRE(printed.code == 0);
  const auto has = [&](const std::string& value, const std::string& origin) {
    CAPTURE(printed.out);
    const std::size_t at = printed.out.find("\n" + value + " ");
    REQUIRE(at != std::string::npos);
    CHECK_THAT(printed.out.substr(at, printed.out.find('\n', at + 1) - at + 1),
               ContainsSubstring("  # " + origin + "\n"));
  };
  has("name = \"transformer\"", "command line");
  has("heads = 4", "preset small of transformer");
  has("hidden = 256", "preset small");
  has("batch = 7", "mine.toml");
  has("lr = 0.25", "command line");
  has("warmup = 3", "command line");
  has("steps = 9", "command line");
  has("epochs = 0", "command line");
  has("detect_nan = true", "command line");
  has("shards = 2", "default");

  scratch.write("all.toml", printed.out);
  const Ran again = run(scratch, "config --config all.toml --preset base");
  REQUIRE(again.code == 0);
  CHECK(values_of(again.out) == values_of(printed.out));
  CHECK_THAT(again.out, ContainsSubstring("  # all.toml\n"));
  CHECK_THAT(again.out, !ContainsSubstring("preset"));

  const Ran alone = run(scratch, "config");
  CHECK(alone.code == 0);
  CHECK_THAT(alone.out, ContainsSubstring("# preset tiny\n"));
  CHECK(run(scratch, "config --set train.min_lr=1").code == 2);
  CHECK_THAT(run(scratch, "config --config none.toml").err, ContainsSubstring("none.toml: cannot be opened"));
}

TEST_CASE("a run uses the settings that config prints") {
  const Scratch scratch;
  const std::string flags =
      " --model rnn --task copy --dim 8 --hidden 8 --cell lstm --batch 16 --lr 0.01 --dropout 0.2 --patience 3 --steps "
      "2 "
      "--seed 4 --set data.pairs=50 --set data.valid_pairs=10 --optimizer adamw --schedule constant --warmup 1";
  REQUIRE(run(scratch, "train --out new" + flags).code == 0);
  const std::string config = data::contents(scratch.folder() / "new" / "config.toml"),
                    printed = run(scratch, "config" + flags).out;
  std::istringstream of_run(values_of(config)), of_config(values_of(printed));
  for (std::string a, b; std::getline(of_run, a) && std::getline(of_config, b);) {
    if (a.starts_with("source_tokens") || a.starts_with("target_tokens") || a.starts_with("max_length")) continue;
    CHECK(a == b);
  }
  CHECK_THAT(config, ContainsSubstring("\npatience = 3 "));
  CHECK_THAT(config, ContainsSubstring("\ndropout = 0.2 "));
}

TEST_CASE("wrong flags and settings get a hint") {
  const Scratch scratch;
  const auto hint = [&](const std::string& flags, const std::string& message) {
    const Ran ran = run(scratch, "train --task copy --out new " + flags);
    CAPTURE(flags);
    CHECK(ran.code == 2);
    CHECK_THAT(ran.err, ContainsSubstring(message));
    CHECK(std::count(ran.err.begin(), ran.err.end(), '\n') == 1);
  };
  hint("--set train.lr 0.1", "--set train.lr 0.1: key and value are one word, --set train.lr=0.1");
  hint("more", "train has no place for more");
  hint("--label-smoothing 0.1", "did you mean --set train.label_smoothing=VALUE?");
  hint("--bidirectional", "did you mean --set model.bidirectional=VALUE?");
  hint("--pateince 3", "did you mean --patience?");
  hint("--lr -1", "--lr: train.lr = -1.0 is not allowed: a number above 0 up to 100");
  hint("---", "train has no option ---; see gradus train --help");
}

TEST_CASE("regression: --epochs dropped --set train.steps, and --steps dropped --set train.min_steps") {
  const Scratch scratch;
  scratch.write("mine.toml", "[train]\nsteps = 70\n");
  const auto value_of = [&](const std::string& key, const std::string& flags) {
    const Ran printed = run(scratch, "config --preset small --config mine.toml " + flags);
    CAPTURE(printed.err);
    REQUIRE(printed.code == 0);
    const std::size_t at = printed.out.find("\n" + key + " = ") + key.size() + 4;
    return printed.out.substr(at, printed.out.find(' ', at) - at);
  };
  CHECK(value_of("steps", "--epochs 3 --set train.steps=10") == "10");
  CHECK(value_of("steps", "--set train.steps=10 --epochs 3") == "10");
  CHECK(value_of("min_steps", "--steps 9 --set train.min_steps=5") == "5");
  CHECK(value_of("epochs", "--steps 9 --set train.epochs=2") == "2");
  // Those of the file and of the preset do not count beside a flag.
  CHECK(value_of("steps", "--epochs 3") == "0");
  CHECK(value_of("min_steps", "--epochs 3") == "0");
  CHECK(value_of("epochs", "--steps 9") == "0");
}

}  // namespace gradus::cli_config_test
