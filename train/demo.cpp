#include <gradus/train/demo.h>

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include <gradus/autograd/foundation/internal/stopwatch.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/models/registry.h>
#include <gradus/train/report.h>
#include <gradus/train/trainer.h>

namespace gradus::train {
namespace {

using Print = std::function<void(std::string_view)>;

struct Contestant {
  std::string model;
  Run run;
  Evaluation found;
  double seconds = 0;
};

// Tanh cells and few layers, as in the lecture. Training takes half a minute.
RunConfig config_of(const DemoOptions& options, const std::string& model, Origins& origins) {
  ConfigSources sources{.preset = "tiny", .file = {}, .assignments = {}};
  const auto set = [&](const char* key, const std::string& value) { sources.assignments.emplace_back(key, value); };
  set("model.name", model);
  set("model.cell", "rnn");
  set("data.task", options.task);
  if (options.task == "reverse" || options.task == "copy" || options.task == "sort") set("data.max_length", "14");
  set("train.seed", fmt::format("{}", options.seed));
  set("train.epochs", "0");
  set("train.steps", fmt::format("{}", options.steps == 0 ? 2000 : options.steps));
  set("train.evaluate_every", "500");
  set("train.schedule", "cosine");
  set("train.warmup", "100");
  set("train.lr", "0.002");
  for (const auto& [key, value] : models::model_info(model).demo) set(key.c_str(), value);
  RunConfig config = resolve(sources, &origins);
  for (auto& [key, origin] : origins)
    if (origin == "command line") origin = "the demo";
  config.data.pairs =
      std::clamp<Index>(config.train.steps * config.train.batch, 5000, 50000);  // not more than training reads
  return config;
}

std::string percent(Index part, Index whole) {
  return fmt::format("{:.0f} %", 100.0 * static_cast<double>(part) / static_cast<double>(std::max<Index>(1, whole)));
}

void print_accuracy(const Print& print, const std::vector<Contestant>& all, const TestSet& test) {
  std::vector<Index> lengths;
  for (const data::ReferenceSet& r : test.references) lengths.push_back(std::ssize(r.source));
  std::vector<std::vector<std::string>> rows = {{"source length"}};
  for (const LengthBucket& b : by_length(lengths, all.front().found.exact)) rows.front().push_back(range_name(b));
  for (const char* column : {"all", "parameters", "seconds"}) rows.front().push_back(column);
  for (const Contestant& c : all) {
    std::vector<std::string> row = {c.model};
    for (const LengthBucket& b : by_length(lengths, c.found.exact)) row.push_back(percent(b.exact, b.pairs));
    row.push_back(percent(c.found.score.exact, c.found.score.pairs));
    row.push_back(fmt::format("{}", c.run.store->count()));
    row.push_back(fmt::format("{:.1f}", c.seconds));
    rows.push_back(std::move(row));
  }
  print(fmt::format("Outputs exactly right, by length of the source ({} sources held out)\n\n{}\n",
                    test.references.size(), table(rows)));
}

// A short, a medium and a long source of the test set.
std::vector<std::size_t> examples_of(const TestSet& test) {
  std::vector<std::size_t> order(test.references.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return test.references[a].source.size() < test.references[b].source.size();
  });
  return {order[order.size() / 4], order[order.size() * 5 / 8], order[order.size() - 1]};
}

void print_examples(const Print& print, const std::vector<Contestant>& all, const TestSet& test) {
  for (std::size_t i : examples_of(test)) {
    const RunConfig& config = all.front().run.config;
    const data::ReferenceSet& set = test.references[i];
    std::vector<std::vector<std::string>> rows;
    rows.push_back({"source", join(set.source, source_tokenizer(config))});
    rows.push_back({"wanted", join(set.references.front(), target_tokenizer(config))});
    for (const Contestant& c : all)
      rows.push_back({c.model, join(c.found.outputs[i], target_tokenizer(config)), c.found.exact[i] ? "" : "wrong"});
    for (auto& row : rows) row[1].resize(std::max<std::size_t>(row[1].size(), 24), ' ');
    print(table(rows) + '\n');
  }
}

void print_attention(const Print& print, const Contestant& c, const TestSet& test) {
  const data::Tokens& source = test.references[examples_of(test)[1]].source;
  const auto found = models::decode(*c.run.model, {source_ids(c.run.source, source)},
                                    {.max_length = c.run.config.decode.max_length, .attention_weights = true});
  const models::Hypothesis& best = found.front().front();
  if (!best.attention_weights.defined()) return;
  print(fmt::format(
      "Attention weights of {}: one row per output token, one column per source token (⏎ is the end)\n\n{}\n", c.model,
      attention_map(best.attention_weights, source, c.run.target.decode(best.ids))));
}

// One line per model: its name and summary.
std::string summaries() {
  std::string text;
  for (const std::string& name : models::model_names())
    text += fmt::format("{:<13}  {}\n", name, models::model_info(name).summary);
  return text + '\n';
}

}  // namespace

bool run_demo(const DemoOptions& options, const Print& print, Progress& progress, const std::function<bool()>& stop) {
  if (!print) throw Error("run_demo: print is empty; expected a function of a text");
  const std::vector<std::string> names = models::model_names();
  const Replace replace = options.overwrite ? Replace::run : Replace::nothing;
  if (!options.out.empty())
    for (const std::string& model : names) RunDirectory::check(options.out / model, replace);
  std::vector<Contestant> all;
  for (const std::string& model : names) {
    Provenance provenance = options.provenance;
    const Dataset dataset = load_dataset(config_of(options, model, provenance.origins));
    Contestant c{model, make_run(dataset.config, dataset.source, dataset.target), {}, 0};
    progress.line(fmt::format("{}: {} parameters, task {}", model, c.run.store->count(), options.task));
    Trainer trainer(c.run, dataset);
    std::optional<RunDirectory> directory;
    if (!options.out.empty()) {
      directory = RunDirectory::create(options.out / model, dataset.config, dataset.source, dataset.target, replace);
      write_provenance(*directory, provenance);
    }
    const Stopwatch time;
    const Outcome outcome = trainer.run(progress, directory ? &*directory : nullptr, stop);
    c.seconds = time.seconds();
    if (outcome.ending == Ending::interrupted) return false;
    all.push_back(std::move(c));
  }
  const TestSet test = load_test_task(all.front().run.config, options.task);
  for (Contestant& c : all) {
    c.found = evaluate(*c.run.model, c.run.source, c.run.target, test.references,
                       {.max_length = c.run.config.decode.max_length});
  }
  print(fmt::format("{}Task {}, {} steps each, {} threads\n\n", summaries(), options.task,
                    all.front().run.config.train.steps, threads()));
  print_accuracy(print, all, test);
  print_examples(print, all, test);
  for (const Contestant& c : all)
    if (models::model_info(c.model).attends) print_attention(print, c, test);
  return true;
}

}  // namespace gradus::train
