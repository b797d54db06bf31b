#include <unistd.h>

#include <gradus/train/demo.h>
#include <gradus/train/internal/suggest.h>
#include <gradus/train/progress.h>
#include <gradus/train/report.h>

#include "catch.h"
#include "data_scratch.h"

namespace gradus::train::train_report_test {
namespace {

// The output of a Progress while `work` runs. `work` sets its clock.
template <class Work>
std::string written(bool terminal, Work work) {
  const data::Scratch scratch;
  const auto path = scratch.folder() / "out";
  std::FILE* file = std::fopen(path.c_str(), "w");
  double now = 0;
  {
    Progress progress(file, terminal, [&] { return now; });
    work(progress, now);
  }
  std::fclose(file);
  return data::contents(path);
}

}  // namespace

TEST_CASE("accuracy by length uses buckets of equal width from the shortest to the longest source") {
  const std::vector<LengthBucket> buckets = by_length({3, 4, 8, 3, 9}, {true, false, true, true, false}, 4);
  REQUIRE(buckets.size() == 3);
  CHECK(range_name(buckets[0]) == "3-4");
  CHECK((buckets[0].pairs == 3 && buckets[0].exact == 2));
  CHECK(range_name(buckets[1]) == "7-8");
  CHECK(range_name(buckets[2]) == "9");
  CHECK(by_length({}, {}, 4).empty());
  CHECK(range_name(by_length({5}, {true}).front()) == "5");
}

TEST_CASE("a table aligns columns as a terminal shows them") {
  CHECK(table({{"a", "10"}, {"éé", "2", "x"}}) == "a   10\néé   2  x\n");
  CHECK(table({{"a", "1"}, {"e\u0301", "2"}, {"漢", "3"}}) == "a   1\ne\u0301   2\n漢  3\n");
}

TEST_CASE("an attention map has rows of outputs, columns of sources, and shades by weight") {
  const Tensor weights = Tensor::from(std::vector<float>{1, 0, 0, 0.5f, 0.5f, 0}, {2, 3});
  CHECK(attention_map(weights, {"a", " "}, {"x"}) == "   a _ ⏎\nx  █ · ·\n⏎  ▒ ▒ ·\n");
}

TEST_CASE("without a terminal, progress is a plain line every ten seconds") {
  CHECK(written(false, [](Progress& p, double& now) {
          p.start("training", 100);
          for (Index i = 1; i <= 20; ++i) {
            ++now;
            p.update(i, "loss 1");
          }
          p.line("step 20");
        }) == "training: 10/100  1.0/s  1:30 left  loss 1\ntraining: 20/100  1.0/s  1:20 left  loss 1\nstep 20\n");
}

TEST_CASE("on a terminal, progress is one line that is redrawn and removed at the end") {
  const std::string text = written(true, [](Progress& p, double& now) {
    p.start("training", 4);
    now = 1;
    p.update(2);
  });
  CHECK(text.find("\r\033[Ktraining ████████████░░░░░░░░░░░░ 2/4  2.0/s  0:01 left") == 0);
  CHECK(text.substr(text.size() - 4) == "\r\033[K");
}

TEST_CASE("times are shown as on a clock") {
  CHECK(clock_time(7.4) == "0:07");
  CHECK(clock_time(751) == "12:31");
  CHECK(clock_time(11100) == "3:05:00");
  CHECK(clock_time(-1) == "0:00");
}

TEST_CASE("near names are one or two edits away, nearest first") {
  CHECK(near_names("--modle", {"--model", "--help"}) == std::vector<std::string>{"--model"});
  CHECK(near_names("lr", {"train.lr", "train.min_lr"}) == std::vector<std::string>{"train.lr"});
  CHECK(near_names("zzz", {"abc"}).empty());
  CHECK(did_you_mean("tran", {"train"}) == "; did you mean train?");
}

TEST_CASE("the demo refuses a negative number of steps, and no function that prints, before it trains") {
  Progress progress = Progress::silent();
  const auto print = [](std::string_view) { FAIL("it printed"); };
  DemoOptions options;
  options.steps = -1;
  CHECK_THROWS_WITH(run_demo(options, print, progress),
                    Catch::Matchers::ContainsSubstring("train.steps = -1 is not allowed"));
  options.steps = 1;
  CHECK_THROWS_WITH(run_demo(options, nullptr, progress),
                    Catch::Matchers::ContainsSubstring("run_demo: print is empty"));
}

}  // namespace gradus::train::train_report_test
