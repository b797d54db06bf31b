#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include <gradus/cli/internal/command.h>
#include <gradus/cli/internal/search_flags.h>
#include <gradus/data/toy_tasks.h>
#include <gradus/files/internal/json.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/train/dataset.h>
#include <gradus/train/ensemble.h>
#include <gradus/train/evaluate.h>
#include <gradus/train/internal/suggest.h>
#include <gradus/train/progress.h>
#include <gradus/train/report.h>

namespace gradus::cli {
namespace {

using namespace gradus::train;

struct EvalFlags {
  std::vector<std::string> runs;
  std::string test, test_target, task, checkpoint = "best";
  SearchFlags search;
};

void print_by_length(const std::vector<data::ReferenceSet>& references, const std::vector<bool>& exact) {
  std::vector<Index> lengths;
  for (const data::ReferenceSet& r : references) lengths.push_back(std::ssize(r.source));
  std::vector<std::vector<std::string>> rows = {{"source length", "sources", "exact"}};
  for (const LengthBucket& b : by_length(lengths, exact)) {
    rows.push_back({range_name(b), fmt::format("{}", b.pairs),
                    fmt::format("{:.1f} %", 100.0 * static_cast<double>(b.exact) / static_cast<double>(b.pairs))});
  }
  print_result("{}", table(rows));
}

int evaluate_run(const EvalFlags& f) {
  if (f.test.empty() && f.task.empty()) throw UsageError("eval needs --test FILE or --task NAME");
  const std::vector<std::string> tasks = data::task_names();
  if (!f.task.empty() && std::find(tasks.begin(), tasks.end(), f.task) == tasks.end()) {
    throw UsageError(fmt::format("--task: there is no task {}; expected one of {}{}", files::shown(f.task),
                                 fmt::join(tasks, ", "), did_you_mean(f.task, tasks)));
  }
  const Run run = load_runs(f.runs, f.checkpoint == "best" ? Which::best : Which::last);
  const TestSet test = f.task.empty() ? load_test(run.config, f.test, f.test_target, say_line, run.source, run.target)
                                      : load_test_task(run.config, f.task, say_line);

  const std::string file = f.task.empty() ? f.test : "task " + f.task;
  note_unseen(test.source_counts, run.source, file, "source", say_line);
  note_unseen(test.target_counts, run.target, f.test_target.empty() ? file : f.test_target, "target", say_line);

  const models::DecodeOptions options = decode_options(f.search, run.config);
  const Evaluation found = evaluate(*run.model, run.source, run.target, test.references, options);
  print_by_length(test.references, found.exact);
  const data::Score& s = found.score;
  print_result("{}\n", files::json_line({{"pairs", s.pairs},
                                         {"exact", s.exact},
                                         {"token_error_rate", s.token_error_rate},
                                         {"sequence_error_rate", s.sequence_error_rate},
                                         {"edits", s.edits},
                                         {"reference_tokens", s.reference_tokens},
                                         {"bleu", text_score(data::bleu, run.config, found.outputs, test.references)},
                                         {"chrf", text_score(data::chrf, run.config, found.outputs, test.references)},
                                         {"unfinished", found.unfinished},
                                         {"left_out", test.left_out},
                                         {"beam", options.beam},
                                         {"checkpoint", f.checkpoint}}));
  return success;
}

}  // namespace

void add_eval(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("eval", "Measure a run on test pairs");
  auto f = std::make_shared<EvalFlags>();
  add_runs(command, f->runs, f->checkpoint);
  CLI::Option* test = command.add_option("--test", f->test, "File of pairs; a source may have several targets");
  test->type_name("FILE");
  command
      .add_option("--test-target", f->test_target,
                  "File of targets, one per line of the sources in --test (default: --test has pairs)")
      ->type_name("FILE")
      ->needs(test);
  command.add_option("--task", f->task, "Toy task whose test pairs are used")->type_name("NAME")->excludes(test);
  add_search_flags(command, f->search, false);
  add_threads(command);
  command.footer(
      "Prints the accuracy by length of the source, then one line of JSON. Pairs that are too long for the run are "
      "left\n"
      "out; \"left_out\" is their number.\n\n"
      "Examples:\n"
      "  gradus eval --run runs/words --test test.tsv --beam 5\n"
      "  gradus eval --run runs/reverse --task reverse | tail -n 1");
  command.callback([f, &command, &action] {
    check_search_flags(command, f->search);
    action = [f] { return evaluate_run(*f); };
  });
}

}  // namespace gradus::cli
