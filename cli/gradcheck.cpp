#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <memory>

#include <gradus/autograd/foundation/internal/stopwatch.h>
#include <gradus/checks/model_check.h>
#include <gradus/checks/op_table.h>
#include <gradus/cli/internal/command.h>
#include <gradus/data/image_tasks.h>
#include <gradus/files/internal/json.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/models/registry.h>
#include <gradus/train/dataset.h>
#include <gradus/train/evaluate.h>
#include <gradus/train/images.h>
#include <gradus/train/progress.h>
#include <gradus/train/report.h>
#include <gradus/train/run.h>

namespace gradus::cli {
namespace {

using namespace gradus::train;

struct GradcheckFlags {
  std::string what, model, run, pairs;
  std::vector<std::string> sets;
  int order = 0;  // 0: not given
  bool json = false, markdown = false;
};

constexpr const char* order_names[] = {"first", "second", "third"};
static_assert(std::size(order_names) == checks::highest_order);

// All rows of one op.
struct OpResult {
  std::string op;
  Index cases = 0;
  bool differentiable = false, passed = true;
  std::array<double, checks::highest_order> worst{};  // relative error, by order
  double milliseconds = 0;
  std::string wrong;  // the unexpected reports
};

void check_row(const checks::Row& row, int highest_order, OpResult& result) {
  const Stopwatch time;
  ++result.cases;
  if (!row.differentiable) {
    if (row.f(row.inputs).requires_grad()) {
      result.passed = false;
      result.wrong += fmt::format("{} {}: has a gradient, expected none\n", row.op, row.what);
    }
  } else {
    result.differentiable = true;
    for (int order = 1; order <= std::min(highest_order, checks::order_of(row)); ++order) {
      const GradcheckReport report = checks::check(row, order);
      double& worst = result.worst[static_cast<std::size_t>(order - 1)];
      worst = std::max(worst, report.worst_relative());
      if (checks::as_expected(row, report)) continue;
      result.passed = false;
      result.wrong += fmt::format("{} {} (expected: {})\n{}\n", row.op, row.what, name(row.verdict), to_string(report));
    }
  }
  result.milliseconds += 1e3 * time.seconds();
}

std::vector<OpResult> check_ops(int highest_order) {
  std::vector<OpResult> results;
  for (const checks::Row& row : checks::ops()) {
    auto at = std::find_if(results.begin(), results.end(), [&](const OpResult& r) { return r.op == row.op; });
    if (at == results.end()) {
      results.emplace_back().op = row.op;
      at = results.end() - 1;
    }
    check_row(row, highest_order, *at);
  }
  return results;
}

// One cell per order.
std::vector<std::string> errors_of(const OpResult& r, std::size_t orders) {
  std::vector<std::string> cells;
  for (std::size_t i = 0; i < orders; ++i)
    cells.push_back(r.differentiable ? fmt::format("{:.1e}", r.worst[i]) : "none");
  return cells;
}

void print_json(const OpResult& r, std::size_t orders) {
  const auto error = [&](std::size_t order) {
    return order <= orders ? r.worst[order - 1] : std::numeric_limits<double>::quiet_NaN();  // becomes null
  };
  print_result("{}\n", files::json_line({{"op", r.op},
                                         {"cases", r.cases},
                                         {"first_order", error(1)},
                                         {"second_order", error(2)},
                                         {"third_order", error(3)},
                                         {"verdict", r.passed ? "pass" : "fail"},
                                         {"ms", r.milliseconds}}));
}

void print_markdown(const std::vector<OpResult>& results, std::size_t orders) {
  print_result("| op | cases |");
  for (std::size_t i = 0; i < orders; ++i) print_result(" {} order |", order_names[i]);
  print_result("\n|---|---:|{}\n", fmt::join(std::vector<std::string>(orders, "---:|"), ""));
  for (const OpResult& r : results)
    print_result("| `{}` | {} | {} |\n", r.op, r.cases, fmt::join(errors_of(r, orders), " | "));
}

void print_table(const std::vector<OpResult>& results, std::size_t orders) {
  std::vector<std::vector<std::string>> rows(1, {"op", "cases"});
  for (std::size_t i = 0; i < orders; ++i) rows[0].push_back(fmt::format("{} order", order_names[i]));
  rows[0].insert(rows[0].end(), {"verdict", "ms"});
  OpResult all;
  all.differentiable = true;
  Index failed = 0;
  for (const OpResult& r : results) {
    std::vector<std::string>& row = rows.emplace_back();
    row = {r.op, fmt::format("{}", r.cases)};
    for (const std::string& error : errors_of(r, orders)) row.push_back(error);
    row.insert(row.end(), {r.passed ? "pass" : "fail", fmt::format("{:.0f}", r.milliseconds)});
    all.cases += r.cases;
    for (std::size_t i = 0; i < orders; ++i) all.worst[i] = std::max(all.worst[i], r.worst[i]);
    failed += r.passed ? 0 : 1;
  }
  print_result("{}\n{} ops in {} cases; worst relative error by order: {}; {}\n", train::table(rows), results.size(),
               all.cases, fmt::join(errors_of(all, orders), ", "),
               failed == 0 ? "all pass" : fmt::format("{} fail", failed));
}

int gradcheck_ops(const GradcheckFlags& f) {
  const int highest_order = f.order > 0 ? f.order : checks::highest_order;
  if (highest_order > checks::highest_order)
    throw UsageError(fmt::format("--order is {}; ops are checked to order {}", highest_order, checks::highest_order));
  const auto orders = static_cast<std::size_t>(highest_order);
  const std::vector<OpResult> results = check_ops(highest_order);
  if (f.json) {
    for (const OpResult& r : results) print_json(r, orders);
  } else if (f.markdown) {
    print_markdown(results, orders);
  } else {
    print_table(results, orders);
  }
  std::string wrong;
  for (const OpResult& r : results) wrong += r.wrong;
  train::say(stderr, wrong);
  return std::all_of(results.begin(), results.end(), [](const OpResult& r) { return r.passed; }) ? success : failure;
}

int report(const GradcheckFlags& f, const std::string& name_of_model, const GradcheckReport& found) {
  const auto worst =
      std::max_element(found.inputs.begin(), found.inputs.end(),
                       [](const InputReport& a, const InputReport& b) { return a.relative < b.relative; });
  if (f.json) {
    for (const InputReport& r : found.inputs) {
      print_result("{}\n", files::json_line({{"parameter", r.name},
                                             {"verdict", name(r.verdict)},
                                             {"compared", r.compared},
                                             {"relative", r.relative},
                                             {"absolute", r.absolute},
                                             {"analytic", r.analytic},
                                             {"numeric", r.numeric},
                                             {"at", r.at},
                                             {"why", r.why}}));
    }
    print_result("{}\n", files::json_line({{"model", name_of_model},
                                           {"order", Index{found.options.order}},
                                           {"verdict", name(found.verdict)},
                                           {"worst_relative", found.worst_relative()},
                                           {"worst_parameter", worst == found.inputs.end() ? "" : worst->name},
                                           {"problem", found.problem}}));
  } else {
    print_result("{}", to_string(found));
    if (worst != found.inputs.end())
      print_result("{}: worst relative error {:.1e}, of {}\n", name_of_model, worst->relative, worst->name);
  }
  return found.passed() ? success : failure;
}

GradcheckOptions options_of(const GradcheckFlags& f) {
  GradcheckOptions options = checks::model_options();
  options.order = std::max(1, f.order);
  return options;
}

// Three images for a model of images, and their labels.
struct RandomImages {
  Tensor pixels;
  std::vector<Index> labels;

  explicit RandomImages(const models::ImageOptions& o)
      : pixels(Tensor::uniform({3, o.channels, o.height, o.width}, 0, 1, Philox(1, 0), DType::f64)),
        labels{0, o.classes - 1, o.classes / 2} {}
};

int gradcheck_model_of_images(const GradcheckFlags& f, RunConfig config) {
  models::ImageOptions& o = config.image;
  const auto set = [](Index& option, Index value) {
    if (option == 0) option = value;
  };
  set(o.channels, 2);
  set(o.height, 2 * o.patch);
  set(o.width, 2 * o.patch);
  set(o.classes, 3);
  if (o.pixel_mean.empty()) o.pixel_mean.assign(static_cast<std::size_t>(o.channels), 0.5);
  if (o.pixel_std.empty()) o.pixel_std.assign(static_cast<std::size_t>(o.channels), 0.25);
  nn::ParameterStore store(static_cast<std::uint64_t>(config.train.seed), DType::f64);
  const models::ImageClassifier model(store.root(), config.model, o);
  const RandomImages images(o);
  return report(
      f, config.model.model,
      checks::check_model(model, store, images.pixels, images.labels, config.train.label_smoothing, options_of(f)));
}

int gradcheck_model(const GradcheckFlags& f) {
  ConfigSources sources{.preset = {}, .file = {}, .assignments = {}};
  for (const auto& [key, value] : Assignments{{"model.name", f.model},
                                              {"model.dim", "8"},
                                              {"model.hidden", "8"},
                                              {"model.ffn", "8"},
                                              {"model.dropout", "0.1"}})
    sources.assignments.emplace_back(key, value);
  const std::vector<std::string> names = models::all_model_names();
  const bool known = std::find(names.begin(), names.end(), f.model) != names.end();
  const bool images = known && models::model_info(f.model).images;
  sources.assignments.emplace_back("data.task", images ? data::image_task_names().front() : "copy");
  for (const std::string& set : f.sets) sources.assignments.push_back(split_assignment(set));
  RunConfig config = resolve(sources);
  if (reads_images(config)) return gradcheck_model_of_images(f, config);
  config.model.source_vocab = 9;
  config.model.target_vocab = 8;
  config.model.target_of_source = {-1, -1, 2, 3, 5, 4, 7, 6, 2};  // any, for model.copy
  const auto seed = static_cast<std::uint64_t>(config.train.seed);
  nn::ParameterStore store(seed, DType::f64);
  const auto model = models::make_model(store.root(), config.model);
  return report(f, config.model.model,
                checks::check_model(*model, store, checks::random_pairs(9, 8, seed), config.train.label_smoothing,
                                    options_of(f)));
}

// The first pairs of the file, or random ones.
std::vector<data::EncodedPair> pairs_of(const Run& run, const std::string& file) {
  if (file.empty()) return checks::random_pairs(run.source.size(), run.target.size(), 1);
  constexpr std::size_t most = 4;
  std::vector<data::EncodedPair> pairs;
  for (const data::ReferenceSet& r : load_test(run.config, file, {}, {}, run.source, run.target).references) {
    pairs.push_back({run.source.encode(r.source), run.target.encode(r.references.front())});
    if (pairs.size() == most) break;
  }
  return pairs;
}

int gradcheck_run(const GradcheckFlags& f) {
  const Run run = load_run(RunDirectory::open(f.run), Which::best, Reads::both);
  if (run.classifier) {
    if (!f.pairs.empty()) throw UsageError("--pairs: the run classifies images; random ones are used");
    const checks::DoubledClassifier model = checks::doubled(*run.store, run.config.model, run.config.image);
    const RandomImages images(run.config.image);
    return report(f, f.run,
                  checks::check_model(*model.model, *model.store, images.pixels, images.labels,
                                      run.config.train.label_smoothing, options_of(f)));
  }
  const checks::Doubled model = checks::doubled(*run.store, run.config.model);
  return report(f, f.run,
                checks::check_model(*model.model, *model.store, pairs_of(run, f.pairs),
                                    run.config.train.label_smoothing, options_of(f)));
}

int run_gradcheck(const GradcheckFlags& f) {
  const int given = (f.what.empty() ? 0 : 1) + (f.model.empty() ? 0 : 1) + (f.run.empty() ? 0 : 1);
  if (given != 1) throw UsageError("gradcheck needs one of: ops, --model NAME, --run DIR");
  if (!f.what.empty() && f.what != "ops") {
    throw UsageError(
        fmt::format("{} cannot be checked: gradcheck takes ops, --model NAME or --run DIR", files::shown(f.what)));
  }
  if (f.what.empty() && f.markdown) throw UsageError("--markdown needs ops");
  if (!f.what.empty()) return gradcheck_ops(f);
  return f.run.empty() ? gradcheck_model(f) : gradcheck_run(f);
}

}  // namespace

void add_gradcheck(CLI::App& program, Action& action) {
  CLI::App& command =
      *program.add_subcommand("gradcheck", "Compare gradients with differences: of ops, a model, a run");
  auto f = std::make_shared<GradcheckFlags>();
  command.add_option("what", f->what, "ops: every op, in all its cases")->type_name("ops");
  CLI::Option* model =
      command.add_option("--model", f->model, "Every parameter of a small model, with padding and dropout")
          ->type_name("NAME");
  CLI::Option* set = command.add_option("--set", f->sets, "One setting of the model; may be repeated")
                         ->type_name("KEY=VALUE")
                         ->allow_extra_args(false);
  CLI::Option* run = command.add_option("--run", f->run, "Every parameter of a trained run")->type_name("DIR");
  command
      .add_option("--pairs", f->pairs,
                  "File with the pairs to check a run on; the first few are used (default: random ids)")
      ->type_name("FILE")
      ->needs(run);
  set->needs(model);
  command
      .add_option("--order", f->order,
                  "1: gradients; 2: gradients of gradients; and so on (ops: all up to this; default 3, else 1)")
      ->transform(whole_from(1, 9))
      ->type_name("N");
  CLI::Option* json = command.add_flag("--json", f->json, "One line of JSON per op or parameter");
  command.add_flag("--markdown", f->markdown, "The table of ops as Markdown")->excludes(json);
  add_threads(command);
  command.footer(
      "Examples:\n"
      "  gradus gradcheck ops\n"
      "  gradus gradcheck --model rnn-attention --set model.cell=lstm --set model.alignment=qkv\n"
      "  gradus gradcheck --run runs/reverse --pairs dev.tsv\n"
      "Exits with 1 when a gradient is wrong or a check could not have failed.");
  command.callback([f, &action] {
    action = [f] {
      try {
        return run_gradcheck(*f);
      } catch (const ConfigError& e) {
        throw UsageError(e.what());
      }
    };
  });
}

}  // namespace gradus::cli
