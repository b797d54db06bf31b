#include <gradus/report/pairs_json.h>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include <gradus/data/confusions.h>
#include <gradus/data/internal/nearest.h>
#include <gradus/data/metrics.h>
#include <gradus/files/internal/json.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/report/attention_json.h>
#include <gradus/report/internal/json_text.h>
#include <gradus/report/internal/spread_rows.h>
#include <gradus/train/dataset.h>
#include <gradus/train/evaluate.h>
#include <gradus/train/report.h>

namespace gradus::report {
namespace {

constexpr Index most_confusions = 50;
constexpr std::size_t most_worst = 20, most_samples = 8;
constexpr std::size_t longest_sample = 40;  // tokens; a map has a cell per pair of tokens

// The outputs of a run beside their references.
struct Outputs {
  const train::Run& run;
  const std::vector<data::ReferenceSet>& sets;
  train::Evaluation found;
  std::vector<data::Nearest> nearest;

  std::string row(std::size_t i, const std::string& attention = "") const {
    const data::Tokenizer of_target = train::target_tokenizer(run.config);
    const data::Tokens& wanted = sets[i].references[nearest[i].index];
    std::vector<std::pair<const char*, std::string>> fields = {
        {"source", files::json_string(train::source_text(run.config, sets[i].source))},
        {"wanted", files::json_string(join(wanted, of_target))},
        {"output", files::json_string(join(found.outputs[i], of_target))},
        {"wanted_tokens", json_strings(wanted)},
        {"output_tokens", json_strings(found.outputs[i])},
        {"edits", json_whole(nearest[i].edits)}};
    if (!attention.empty()) fields.emplace_back("attention", attention);
    return json_object(fields);
  }
};

std::string by_length_json(const Outputs& o) {
  std::vector<Index> lengths;
  for (const data::ReferenceSet& set : o.sets) lengths.push_back(std::ssize(set.source));
  std::vector<std::string> rows;
  for (const train::LengthBucket& b : train::by_length(lengths, o.found.exact)) {
    rows.push_back(json_object({{"low", json_whole(b.low)},
                                {"high", json_whole(b.high)},
                                {"sources", json_whole(b.pairs)},
                                {"exact", json_whole(b.exact)}}));
  }
  return json_list(rows);
}

std::string confusions_json(const Outputs& o) {
  std::vector<std::string> rows;
  for (const data::Confusion& c : data::confusions(o.found.outputs, o.sets, most_confusions)) {
    rows.push_back(json_object({{"wanted", files::json_string(c.reference)},
                                {"got", files::json_string(c.output)},
                                {"count", json_whole(c.count)}}));
  }
  return json_list(rows);
}

std::string worst_json(const Outputs& o) {
  std::vector<std::size_t> order(o.sets.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto rate = [&](std::size_t i) {
    return static_cast<double>(o.nearest[i].edits) / static_cast<double>(std::max(o.nearest[i].length, Index{1}));
  };
  std::vector<double> rates;
  for (const std::size_t i : order) rates.push_back(rate(i));
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return rates[a] > rates[b]; });
  std::vector<std::string> rows;
  for (const std::size_t i : order)
    if (o.nearest[i].edits > 0 && rows.size() < most_worst) rows.push_back(o.row(i));
  return json_list(rows);
}

// Sources from short to long, at equal distances in the order of lengths.
std::vector<std::size_t> sample_rows(const std::vector<data::ReferenceSet>& sets) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < sets.size(); ++i)
    if (sets[i].source.size() <= longest_sample) order.push_back(i);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return sets[a].source.size() < sets[b].source.size(); });
  if (order.size() <= most_samples) return order;
  std::vector<std::size_t> rows;
  for (std::size_t k = 0; k < most_samples; ++k) rows.push_back(order[(2 * k + 1) * order.size() / (2 * most_samples)]);
  return rows;
}

}  // namespace

ReportPairs report_pairs(const train::Run& run, const std::filesystem::path& test,
                         const std::filesystem::path& test_target, const train::Notes& notes) {
  const train::DataConfig& d = run.config.data;
  const auto of_file = [&](const std::filesystem::path& file, const std::filesystem::path& targets) {
    return train::load_test(run.config, file, targets, notes, run.source, run.target).references;
  };
  if (!test.empty()) return {fmt::format("pairs of {}", files::shown(test.string())), of_file(test, test_target)};
  if (!d.task.empty())
    return {fmt::format("test pairs of the task {}", d.task), train::load_test_task(run.config, d.task).references};
  if (!d.valid.empty())
    return {fmt::format("validation pairs of {}", files::shown(d.valid)), of_file(d.valid, d.valid_target)};
  train::RunConfig config = run.config;
  config.data.keep_vocabularies = true;
  const train::Vocabularies kept{run.source, run.target};
  return {fmt::format("validation pairs held out of {}", files::shown(d.train)),
          train::load_dataset(config, notes, &kept).references};
}

std::vector<data::ReferenceSet> spread(const std::vector<data::ReferenceSet>& sets, std::size_t most) {
  std::vector<data::ReferenceSet> some;
  for (const Index row : spread_rows(std::ssize(sets), most)) some.push_back(sets[static_cast<std::size_t>(row)]);
  return some;
}

std::string pairs_json(const train::Run& run, const ReportPairs& pairs, std::size_t most_bytes) {
  Outputs o{run, pairs.sets, {}, {}};
  o.found =
      train::evaluate(*run.model, run.source, run.target, pairs.sets, {.max_length = run.config.decode.max_length});
  for (std::size_t i = 0; i < pairs.sets.size(); ++i)
    o.nearest.push_back(data::nearest_of(o.found.outputs[i], pairs.sets[i].references));

  std::vector<std::string> samples;
  std::size_t bytes = 0;
  Index left_out = 0;
  for (const std::size_t i : sample_rows(pairs.sets)) {
    const std::string attention = attention_json(run, pairs.sets[i].source);
    const bool fits = bytes + attention.size() <= most_bytes;
    bytes += fits ? attention.size() : 0;
    left_out += fits ? 0 : 1;
    samples.push_back(o.row(i, fits ? attention : "[]"));
  }
  const data::Score& s = o.found.score;
  return json_object({{"origin", files::json_string(pairs.origin)},
                      {"sources", json_whole(s.pairs)},
                      {"exact", json_whole(s.exact)},
                      {"edits", json_whole(s.edits)},
                      {"reference_tokens", json_whole(s.reference_tokens)},
                      {"by_length", by_length_json(o)},
                      {"confusions", confusions_json(o)},
                      {"worst", worst_json(o)},
                      {"samples", json_list(samples)},
                      {"samples_left_out", json_whole(left_out)}});
}

}  // namespace gradus::report
