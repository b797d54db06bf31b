#include <algorithm>
#include <fstream>

#include <gradus/data/unicode.h>
#include <gradus/report/run_progress.h>
#include <gradus/report/text_plot.h>
#include <gradus/report/watch.h>

#include "catch.h"
#include "data_scratch.h"
#include "program.h"
#include "small_run.h"

namespace gradus::report::report_watch_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
using data::Scratch;
using Lines = std::vector<std::string>;
namespace fs = std::filesystem;

std::string text_of(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

// A run of 27 steps with validations after 9, 18 and 27.
void make_run(const fs::path& path, const train::Assignments& more = {}) {
  train::Assignments steps = {{"train.steps", "27"}};
  steps.insert(steps.end(), more.begin(), more.end());
  train::undisturbed(train::small(steps), path);
}

}  // namespace

TEST_CASE("a plot in Braille joins the points of a curve") {
  const Curve rising{"loss", {0, 10}, {0, 1}};
  const PlotStyle style{.columns = 8, .rows = 2, .first_step = 0, .last_step = 10};
  CHECK(text_plot("loss", {rising}, style) == Lines{"loss", "1┤   ⣀⠔⠊", "0┤⡠⠔⠉", " └0   10"});
  const Curve one{"loss", {10}, {2.5}};
  CHECK(text_plot("point", {one}, style) == Lines{"point", "2.5┤   ⠈", "   │", "   └0 10"});
}

TEST_CASE("a plot in ASCII has only characters of ASCII, and letters for several curves") {
  const Curve falling{"loss", {0, 10}, {1, 0}}, rising{"loss", {0, 10}, {0, 1}};
  PlotStyle style{.columns = 8, .rows = 3, .marks = Marks::ascii, .first_step = 0, .last_step = 10};
  CHECK(text_plot("loss", {falling}, style) == Lines{"loss", "1+'.", " |  '.", "0+    '.", " +0   10"});
  CHECK(text_plot("loss", {falling, rising}, style) == Lines{"loss", "1+aa  bb", " |  bb", "0+bb  aa", " +0   10"});
  CHECK(curve_mark(1, 2, style) == "b");
  style.colors = true;
  CHECK_THAT(text_of(text_plot("loss", {falling, rising}, style)), ContainsSubstring("\033[38;5;214m"));
  CHECK(text_of(text_plot("loss", {rising}, style)).find('\033') == std::string::npos);
}

TEST_CASE("a plot leaves out what is not a finite number, and needs room for its labels") {
  const Curve broken{"loss", {0, 1, 2}, {1, std::numeric_limits<double>::infinity(), std::nan("")}};
  CHECK(text_plot("loss", {broken}, {.columns = 40, .rows = 2, .last_step = 2}).size() == 4);
  CHECK(text_plot("loss", {{"loss", {}, {}}}, {}) == Lines{"loss"});
  const Curve huge{"loss", {0, 1}, {-1.7e308, 1.7e308}};
  CHECK(text_plot("loss", {huge}, {.columns = 40, .rows = 3, .last_step = 1}).size() == 5);
  for (Index columns = 0; columns < 60; ++columns) {
    for (const Marks marks : {Marks::braille, Marks::ascii}) {
      for (const std::string& line :
           text_plot("a long title of a plot", {huge}, {.columns = columns, .marks = marks, .last_step = 1e6})) {
        CAPTURE(columns, line);
        CHECK(static_cast<Index>(data::width(line)) <= columns);
      }
    }
  }
}

TEST_CASE("the progress of a run is that of its files") {
  const Scratch scratch;
  const fs::path path = scratch.folder() / "run";
  make_run(path);
  const RunProgress run = read_progress(path);
  CHECK(run.complete);
  CHECK(run.position.step == 27);
  CHECK(run.position.validated == 27);
  CHECK(run.steps == 27);
  CHECK(run.steps_per_second.value() > 0);
  CHECK_FALSE(run.seconds_left);
  const train::Position own = train::position_of(train::read_checkpoint(path / "last.safetensors"), "last");
  CHECK(run.position.best_step == own.best_step);
  CHECK(run.position.best == own.best);
  CHECK(run.position.stale == own.stale);
  CHECK(run.position.epoch == own.epoch);

  std::ofstream(path / "times.jsonl") << R"({"step":3,"seconds":1})" << '\n' << R"({"step":9,"seconds":4})" << '\n';
  std::ofstream(path / "metrics.jsonl") << R"({"step":3,"epoch":0,"loss":2})" << '\n';
  CHECK(read_progress(path).steps_per_second.value() == 2);
  CHECK(read_progress(path).seconds_left.value() == 12);
  fs::remove(path / "times.jsonl");
  fs::remove(path / "metrics.jsonl");
  const RunProgress none = read_progress(path);
  CHECK_FALSE((none.complete || none.steps_per_second || none.seconds_left));
  CHECK(none.position.step == 0);
}

TEST_CASE("where epochs count, the number of steps is known once an epoch has ended") {
  const Scratch scratch;
  const fs::path path = scratch.folder() / "run";
  make_run(
      path,
      {{"train.steps", "0"}, {"train.epochs", "4"}, {"train.patience", "2"}, {"train.best_by", "sequence_error_rate"}});
  const auto steps_after = [&](const char* lines) {
    std::ofstream(path / "metrics.jsonl") << lines;
    return read_progress(path).steps;
  };
  CHECK(steps_after("{\"step\":3,\"epoch\":0}\n") == 0);
  CHECK(steps_after("{\"step\":3,\"epoch\":0}\n{\"step\":8,\"epoch\":1}\n{\"step\":12,\"epoch\":1}\n") == 32);
  const std::string validation = R"("epoch":1,"valid_sequence_error_rate":0.5,"best":)";
  steps_after(
      ("{\"step\":8," + validation + "1}\n{\"step\":9," + validation + "0}\n{\"step\":10," + validation + "0}\n")
          .c_str());
  const RunProgress run = read_progress(path);
  CHECK(run.complete);  // train.patience
  CHECK(run.position.best_step == 8);
  CHECK(run.position.best == 0.5);
}

TEST_CASE("runs as text fit any width and height") {
  const Scratch scratch;
  const std::vector<fs::path> runs = {scratch.folder() / "one", scratch.folder() / "two"};
  for (const fs::path& path : runs) make_run(path);
  const WatchText one = watch_text({runs[0]}, {.columns = 80});
  CHECK(one.complete);
  CHECK_THAT(one.lines[0], StartsWith("one  step 27 of 27 (100 %)  epoch "));
  CHECK_THAT(text_of(one.lines), ContainsSubstring("  complete") && ContainsSubstring("best valid_"));
  CHECK_THAT(text_of(one.lines), ContainsSubstring("\nloss  ") && ContainsSubstring(" at step 27\n") &&
                                     ContainsSubstring("\nlr  ") && ContainsSubstring("└3"));
  CHECK_THAT(text_of(watch_text({runs[0]}, {.curves = {"lo\x1bss"}}).lines),
             ContainsSubstring("lo\\x1Bss  no values yet; there are epoch, loss, lr, grad_norm, "));
  CHECK_THAT(text_of(watch_text(runs, {.columns = 60}).lines),
             StartsWith("a  one  step 27") && ContainsSubstring("b  two"));
  for (const std::vector<fs::path>& some : {std::vector<fs::path>{runs[0]}, runs}) {
    for (const Index columns : {1, 5, 20, 40, 80, 130, 250}) {
      for (const Index rows : {1, 5, 10, 24, 60}) {
        const WatchText text = watch_text(some, {.columns = columns, .rows = rows});
        CHECK(std::ssize(text.lines) <= rows);
        for (const std::string& line : text.lines) {
          CAPTURE(columns, rows, line);
          CHECK(static_cast<Index>(data::width(line)) <= columns);
        }
      }
    }
  }
}

TEST_CASE("watch prints once to a pipe, draws on a terminal until the run ends, and refuses what is no run") {
  const Scratch scratch;
  make_run(scratch.folder() / "run");
  const Ran piped = run(scratch, "watch run", "", "export LC_ALL=C.UTF-8 TERM=xterm COLUMNS=70");
  CHECK(piped.code == 0);
  CHECK_THAT(piped.out, StartsWith("run  step 27 of 27") && ContainsSubstring("┤") && !ContainsSubstring("\033"));
  CHECK(run(scratch, "watch run --once --marks ascii", "", "export LC_ALL=C.UTF-8 COLUMNS=70").out ==
        run(scratch, "watch run", "", "export LC_ALL=C COLUMNS=70").out);
  CHECK(run(scratch, "watch run", "", "export LC_ALL=C COLUMNS=70").out ==
        run(scratch, "watch run", "", "export LC_ALL=C.UTF-8 TERM=dumb COLUMNS=70").out);

  const std::string on_terminal = "cd " + scratch.folder().string() +
                                  "; unset NO_COLOR; TERM=xterm LC_ALL=C.UTF-8 script -qec '" + program() +
                                  " watch run run' /dev/null < /dev/null > screen 2>&1";
  CHECK(std::system(on_terminal.c_str()) == 0);
  CHECK_THAT(data::contents(scratch.folder() / "screen"),
             ContainsSubstring("\033[K") && ContainsSubstring("\033[38;5;39m━━"));

  const Ran none = run(scratch, "watch other");
  CHECK(none.code == 1);
  CHECK_THAT(none.err, ContainsSubstring("other: there is no such run directory"));
  CHECK(run(scratch, "watch").code == 2);
  CHECK(run(scratch, "watch run --interval 0").code == 2);
  std::ofstream(scratch.folder() / "run" / "metrics.jsonl") << "{\"step\":1,}\n";
  CHECK_THAT(run(scratch, "watch run").err, ContainsSubstring("metrics.jsonl, line 1, byte 11: not JSON"));
}

}  // namespace gradus::report::report_watch_test
