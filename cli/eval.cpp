#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <optional>

#include <gradus/cli/internal/command.h>
#include <gradus/cli/internal/image_eval.h>
#include <gradus/cli/internal/launch.h>
#include <gradus/cli/internal/scoring.h>
#include <gradus/cli/internal/search_flags.h>
#include <gradus/data/hypotheses.h>
#include <gradus/data/image_tasks.h>
#include <gradus/files/internal/file_replacement.h>
#include <gradus/files/internal/json.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/train/dataset.h>
#include <gradus/train/ensemble.h>
#include <gradus/train/evaluate.h>
#include <gradus/train/internal/suggest.h>
#include <gradus/train/progress.h>

namespace gradus::cli {
namespace {

using namespace gradus::train;

struct EvalFlags {
  std::vector<std::string> runs;
  std::string test, test_target, labels, task, hypotheses, checkpoint = "best";
  Index misread = 10;  // of images
  SearchFlags search;
  ScoringFlags scoring;
  std::string of_pairs, of_images;  // the first given option that is for runs of this kind alone
};

// The first of these options that was given; empty: none was.
std::string first_given(const CLI::App& command, std::initializer_list<const char*> options) {
  for (const char* name : options)
    if (command.get_option(name)->count() > 0) return name;
  return "";
}

std::vector<Index> source_lengths(const std::vector<data::ReferenceSet>& references) {
  std::vector<Index> lengths;
  for (const data::ReferenceSet& r : references) lengths.push_back(std::ssize(r.source));
  return lengths;
}

void write_hypotheses(files::FileReplacement& file, const RunConfig& config, const Scored& scored,
                      const std::vector<bool>& exact) {
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const std::string line = data::hypothesis_line(source_text(config, scored.sets[i].source), scored.texts.outputs[i],
                                                   scored.texts.references[i], exact[i]) +
                             '\n';
    file.write(line.data(), line.size());
  }
  file.commit();
}

int evaluate_run(const EvalFlags& f) {
  if (f.test.empty() && f.task.empty()) throw UsageError("eval needs --test FILE or --task NAME");
  if (!f.hypotheses.empty() && !f.hypotheses.ends_with(".jsonl"))
    throw UsageError(fmt::format("--hypotheses {}: expected a name that ends in .jsonl", files::shown(f.hypotheses)));
  const std::vector<std::string> tasks = data::all_task_names();
  if (!f.task.empty() && std::find(tasks.begin(), tasks.end(), f.task) == tasks.end()) {
    throw UsageError(fmt::format("--task: there is no task {}; expected one of {}{}", files::shown(f.task),
                                 fmt::join(tasks, ", "), did_you_mean(f.task, tasks)));
  }
  if (is_run_of_images(f.runs.front())) {
    const std::string misplaced = f.runs.size() > 1 ? "--run" : f.of_pairs;
    if (!misplaced.empty())
      throw UsageError(fmt::format("{}: the run in {} classifies images", misplaced, f.runs.front()));
    return evaluate_images({f.runs.front(), f.test, f.labels, f.task, f.checkpoint, f.misread});
  }
  if (!f.of_images.empty())
    throw UsageError(fmt::format("{}: the run in {} reads text, not images", f.of_images, f.runs.front()));
  if (data::is_image_task(f.task))
    throw UsageError(fmt::format("--task: {} has images, and the run in {} reads text", f.task, f.runs.front()));
  const Run run = load_runs(f.runs, f.checkpoint == "best" ? Which::best : Which::last);
  const TestSet test = f.task.empty() ? load_test(run.config, f.test, f.test_target, say_line, run.source, run.target)
                                      : load_test_task(run.config, f.task, say_line);

  const std::string file = f.task.empty() ? f.test : "task " + f.task;
  note_unseen(test.source_counts, run.source, file, "source", say_line);
  note_unseen(test.target_counts, run.target, f.test_target.empty() ? file : f.test_target, "target", say_line);

  std::optional<files::FileReplacement> hypotheses;
  if (!f.hypotheses.empty() && writes()) hypotheses.emplace(f.hypotheses);
  const models::DecodeOptions options = decode_options(f.search, run.config);
  const Evaluation found = evaluate(*run.model, run.source, run.target, test.references, options, ranks());
  const Scored scored{found.outputs, test.references, texts_of(run.config, found.outputs, test.references)};
  if (hypotheses) write_hypotheses(*hypotheses, run.config, scored, found.exact);
  print_by_length("source", source_lengths(test.references), found.exact);
  files::JsonFields fields = print_measures(scored, f.scoring);
  fields.insert(fields.end(), {{"unfinished", found.unfinished},
                               {"left_out", test.left_out},
                               {"beam", options.beam},
                               {"checkpoint", f.checkpoint}});
  print_result("{}\n", files::json_line(fields));
  return success;
}

}  // namespace

void add_eval(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("eval", "Measure a run on test pairs");
  auto f = std::make_shared<EvalFlags>();
  add_runs(command, f->runs, f->checkpoint);
  CLI::Option* test =
      command.add_option("--test", f->test, "File of pairs, of which a source may have several; or of images (vit)");
  test->type_name("FILE");
  command
      .add_option("--test-target", f->test_target,
                  "File of targets, one per line of the sources in --test (default: --test has pairs)")
      ->type_name("FILE")
      ->needs(test);
  command.add_option("--labels", f->labels, "File of the labels of the images in --test (vit)")
      ->type_name("FILE")
      ->needs(test);
  command.add_option("--task", f->task, "Task whose test pairs or images are used")->type_name("NAME")->excludes(test);
  command.add_option("--misread", f->misread, "Number of the most misread images to list (vit; default: 10)")
      ->transform(whole_from(0, 1'000'000))
      ->type_name("N");
  add_search_flags(command, f->search, false);
  command
      .add_option("--hypotheses", f->hypotheses,
                  "File to write, NAME.jsonl: source, output, references and exact of each source, for gradus metrics")
      ->type_name("FILE");
  add_scoring_flags(command, f->scoring);
  add_threads(command);
  command.footer(
      "Prints the accuracy by length of the source, the measures with 95 % intervals, then one line of JSON. "
      "docs/scoring.md defines the measures. Pairs that are too long for the run are left out; \"left_out\" is their "
      "number.\n\n"
      "Examples:\n"
      "  gradus eval --run runs/words --test test.tsv --beam 5\n"
      "  gradus eval --run runs/reverse --task reverse | tail -n 1\n"
      "  gradus eval --run runs/words --test test.tsv --hypotheses words.jsonl --confusions 10\n"
      "  gradus eval --run runs/fashion --task fashion-mnist");
  command.callback([f, &command, &action] {
    check_search_flags(command, f->search);
    f->of_pairs = first_given(command, {"--beam", "--length-penalty", "--coverage-penalty", "--mbr", "--temperature",
                                        "--top-k", "--top-p", "--seed", "--test-target", "--hypotheses", "--bootstrap",
                                        "--bootstrap-seed", "--bleu-tokens", "--confusions"});
    f->of_images = first_given(command, {"--labels", "--misread"});
    action = [f] { return evaluate_run(*f); };
  });
}

}  // namespace gradus::cli
