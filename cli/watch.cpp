#include <fmt/format.h>

#include <unistd.h>
#include <chrono>
#include <filesystem>
#include <memory>
#include <thread>
#include <vector>

#include <gradus/cli/internal/command.h>
#include <gradus/report/watch.h>
#include <gradus/train/terminal.h>

namespace gradus::cli {
namespace {

struct WatchFlags {
  std::vector<std::string> runs, curves;
  std::string marks = "auto";
  double interval = 2;
  bool once = false;
};

report::WatchOptions options_of(const WatchFlags& f, bool screen) {
  const bool braille = f.marks == "braille" || (f.marks == "auto" && train::shows_utf8());
  const train::TerminalSize size = train::terminal_size(stdout);
  return {.curves = f.curves,
          .columns = screen ? size.columns - 1 : size.columns,  // the last column stays free, so that no terminal wraps
          .rows = screen && !f.once ? size.rows - 1 : 0,
          .marks = braille ? report::Marks::braille : report::Marks::ascii,
          .colors = screen && !train::no_color()};
}

// Draws over what was drawn last.
class Screen {
 public:
  void draw(const std::vector<std::string>& lines, const report::WatchOptions& size) {
    const bool resized = drawn_ > 0 && (size.columns != columns_ || size.rows != rows_);
    std::string text;
    if (resized)
      text = "\033[H\033[2J";
    else if (drawn_ > 0)
      text = fmt::format("\033[{}A\r", drawn_);
    for (const std::string& line : lines) text += line + "\033[K\n";
    write_result(text + "\033[J");
    flush_results();
    drawn_ = lines.size();
    columns_ = size.columns;
    rows_ = size.rows;
  }

 private:
  std::size_t drawn_ = 0;
  Index columns_ = 0, rows_ = 0;
};

int watch(const WatchFlags& f) {
  const std::vector<std::filesystem::path> runs(f.runs.begin(), f.runs.end());
  const bool screen = train::is_screen(STDOUT_FILENO);
  if (!screen || f.once) {
    for (const std::string& line : report::watch_text(runs, options_of(f, screen)).lines) print_result("{}\n", line);
    return success;
  }
  Screen terminal;
  for (;;) {
    const report::WatchOptions options = options_of(f, screen);
    const report::WatchText text = report::watch_text(runs, options);
    terminal.draw(text.lines, options);
    if (text.complete) return success;
    std::this_thread::sleep_for(std::chrono::duration<double>(f.interval));
  }
}

}  // namespace

void add_watch(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("watch", "Show the curves of runs in the terminal while they train");
  auto f = std::make_shared<WatchFlags>();
  command.add_option("DIR", f->runs, "Run directories; the curves of several are drawn over each other")
      ->required()
      ->type_name("DIR");
  command
      .add_option(
          "--curves", f->curves,
          "Names of curves in metrics.jsonl, separated by commas (default: loss, the measure train.best_by, lr)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(not_empty())
      ->type_name("NAMES");
  command.add_option("--interval", f->interval, "Seconds between two readings of the files (default: 2)")
      ->check(number_from(0.1, 86400))
      ->type_name("SECONDS");
  command.add_flag("--once", f->once, "Print the curves once, then exit");
  command.add_option("--marks", f->marks, "braille, ascii, or auto (default): Braille patterns in a UTF-8 locale")
      ->check(CLI::IsMember({"auto", "braille", "ascii"}))
      ->type_name("NAME");
  command.footer(
      "Shows step, rate, time left and the best validation of each run, and the curves at the width of the terminal,\n"
      "until all runs are complete or Ctrl-C. To a file or a pipe it prints them once. NO_COLOR turns colours off;\n"
      "several runs then have letters.\n\n"
      "Examples:\n"
      "  gradus watch runs/words\n"
      "  gradus watch runs/rnn runs/transformer --curves loss,valid_loss,grad_norm\n"
      "  COLUMNS=60 gradus watch runs/words | cat");
  command.callback([f, &action] { action = [f] { return watch(*f); }; });
}

}  // namespace gradus::cli
