#include <filesystem>
#include <memory>
#include <vector>

#include <gradus/cli/internal/command.h>
#include <gradus/cli/internal/command_line.h>
#include <gradus/report/report.h>
#include <gradus/train/progress.h>

namespace gradus::cli {
namespace {

struct ReportFlags {
  std::vector<std::string> runs;
  std::string out = "report.html", test, test_target, labels;
  Index pairs = 1000;
};

int write(const ReportFlags& f) {
  train::Progress progress = train::Progress::on_stderr();
  report::write_report({f.runs.begin(), f.runs.end()}, f.out,
                       {.test = f.test,
                        .test_target = f.test_target,
                        .labels = f.labels,
                        .pairs = static_cast<std::size_t>(f.pairs),
                        .program = program_and_version()},
                       progress);
  print_result("{}\n", std::filesystem::absolute(f.out).lexically_normal().string());
  return success;
}

}  // namespace

void add_report(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("report", "Write a page about one or several runs, to open in a browser");
  auto f = std::make_shared<ReportFlags>();
  command.add_option("DIR", f->runs, "Run directories; several are compared")->required()->type_name("DIR");
  command.add_option("--out", f->out, "File to write (default: report.html)")->type_name("FILE");
  CLI::Option* test = command.add_option(
      "--test", f->test, "File of pairs to decode, or of images (default: those that a run is measured on)");
  test->type_name("FILE");
  command.add_option("--test-target", f->test_target, "File of targets, one per line of the sources in --test")
      ->type_name("FILE")
      ->needs(test);
  command.add_option("--labels", f->labels, "File of the labels of the images in --test")
      ->type_name("FILE")
      ->needs(test);
  command
      .add_option("--pairs", f->pairs,
                  "Most sources to decode or images to classify (default: 1000); 0 needs no checkpoint, and leaves "
                  "outputs, attention and "
                  "parameters out")
      ->transform(whole_from(0, 1000000))
      ->type_name("N");
  add_threads(command);
  command.footer(
      "Writes one HTML file that needs no network and no other file: curves, outputs, attention of all layers and "
      "heads,\n"
      "errors, parameters, settings, and how the run was made. A run may still be in training. Prints the path of the\n"
      "file.\n\n"
      "Examples:\n"
      "  gradus report runs/words\n"
      "  gradus report runs/rnn runs/transformer --out compared.html\n"
      "  gradus report runs/words --test test.tsv --pairs 5000");
  command.callback([f, &action] { action = [f] { return write(*f); }; });
}

}  // namespace gradus::cli
