#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include <gradus/cli/internal/command.h>
#include <gradus/cli/internal/search_flags.h>
#include <gradus/data/internal/counted.h>
#include <gradus/files/internal/json.h>
#include <gradus/train/dataset.h>
#include <gradus/train/ensemble.h>
#include <gradus/train/evaluate.h>
#include <gradus/train/progress.h>

namespace gradus::cli {
namespace {

using namespace gradus::train;

struct ScoreFlags {
  std::vector<std::string> runs;
  std::string test, test_target, checkpoint = "best";
  bool tokens = false, json = false;
};

void print(const Run& run, const ScoreFlags& f, const data::Pair& pair, Index line, const models::Hypothesis& h) {
  const std::string source = source_text(run.config, pair.source),
                    target = join(pair.target, target_tokenizer(run.config));
  if (!f.json) {
    print_result("{}\t{}\t{:.4f}", source, target, h.log_probability);
    if (f.tokens) print_result("\t{:.4f}", fmt::join(h.word_log_probabilities, " "));
    print_result("\n");
    return;
  }
  files::JsonFields fields = {
      {"line", line}, {"source", source}, {"target", target}, {"log_probability", h.log_probability}};
  if (f.tokens) {
    data::Tokens tokens = run.target.split(pair.target);
    tokens.push_back("<eos>");
    fields.emplace_back("tokens", std::move(tokens));
    fields.emplace_back("token_log_probabilities", h.word_log_probabilities);
  }
  print_result("{}\n", files::json_line(fields));
}

int score_run(const ScoreFlags& f) {
  const Run run = load_runs(f.runs, f.checkpoint == "best" ? Which::best : Which::last);
  const data::Corpus corpus = load_pairs(run.config, f.test, f.test_target, say_line, run.source, run.target);
  note_unseen(data::count_source_tokens(corpus.pairs), run.source, f.test, "source", say_line);
  note_unseen(data::count_target_tokens(corpus.pairs), run.target, f.test_target.empty() ? f.test : f.test_target,
              "target", say_line);
  const Index pairs = std::ssize(corpus.pairs);
  constexpr Index at_once = 2048;
  double sum = 0;
  Index tokens = 0;
  Progress progress = Progress::on_stderr();
  progress.start("scoring", pairs);
  for (Index i = 0; i < pairs; i += at_once) {
    const Index end = std::min(i + at_once, pairs);
    models::Sentences sources, targets;
    for (Index k = i; k < end; ++k) {
      const data::Pair& pair = corpus.pairs[static_cast<std::size_t>(k)];
      sources.push_back(source_ids(run.source, pair.source));
      targets.push_back(run.target.encode(pair.target));
    }
    const models::Hypotheses scored = models::score(*run.model, sources, targets);
    for (Index k = i; k < end; ++k) {
      const auto at = static_cast<std::size_t>(k);
      const models::Hypothesis& h = scored[static_cast<std::size_t>(k - i)];
      print(run, f, corpus.pairs[at], corpus.lines[at], h);
      sum += h.log_probability;
      tokens += std::ssize(h.word_log_probabilities);
    }
    flush_results();
    progress.update(end);
  }
  progress.finish();
  const double mean = sum / static_cast<double>(tokens);
  say_line(fmt::format("{}, {} with end marks: mean log-probability {:.4f} per token, perplexity {:.4f}",
                       data::counted(pairs, "pair"), data::counted(tokens, "target token"), mean, std::exp(-mean)));
  return corpus.report.left_out + corpus.report.skipped == 0 ? success : incomplete;
}

}  // namespace

void add_score(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("score", "Print the log-probability of given targets");
  auto f = std::make_shared<ScoreFlags>();
  add_runs(command, f->runs, f->checkpoint);
  CLI::Option* test = command.add_option("--test", f->test, "File of pairs, read as in training");
  test->required()->type_name("FILE");
  command
      .add_option("--test-target", f->test_target,
                  "File of targets, one per line of the sources in --test (default: --test has pairs)")
      ->type_name("FILE");
  command.add_flag("--tokens", f->tokens, "Also print the log-probability of each target token and of the end mark");
  command.add_flag("--json", f->json, "Print JSON objects with line, source, target and log_probability");
  add_threads(command);
  command.footer(
      "Prints source<TAB>target<TAB>log-probability per pair, in the order of the file; with --tokens also the "
      "numbers\n"
      "of the tokens, whose sum it is. Logarithms are natural. A target that decode found has the same "
      "log-probability,\n"
      "to the last bit. Pairs that cannot be read or are too long for the run are reported and left out; the exit "
      "code\n"
      "is then 3. The mean per token and the perplexity are printed to standard error.\n\n"
      "Examples:\n"
      "  gradus score --run runs/words --test test.tsv\n"
      "  gradus score --run runs/a --run runs/b --test test.tsv --tokens --json");
  command.callback([f, &action] { action = [f] { return score_run(*f); }; });
}

}  // namespace gradus::cli
