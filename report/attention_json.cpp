#include <gradus/report/attention_json.h>

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include <gradus/data/features.h>
#include <gradus/files/internal/json.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/report/internal/json_text.h>
#include <gradus/report/sample_attention.h>

namespace gradus::report {
namespace {

constexpr const char* begin_mark = "⊢";
constexpr const char* end_mark = "⏎";

data::Tokens visible(data::Tokens tokens) {
  for (std::string& token : tokens) {
    const std::string_view feature = data::feature_name(token);
    token = token == " " ? "␣" : files::shown(feature.empty() ? token : feature);
  }
  return tokens;
}

// The weights of one head, [rows, columns], in thousandths.
std::string thousandths(const Tensor& weights, Index head, Index size) {
  fmt::memory_buffer text;
  text.push_back('[');
  dispatch_floating(weights.dtype(), [&](auto zero) {
    const auto* values = weights.data<decltype(zero)>() + head * size;
    for (Index i = 0; i < size; ++i) {
      const auto value = static_cast<double>(values[i]);
      fmt::format_to(std::back_inserter(text), "{}{}", i > 0 ? "," : "",
                     std::isfinite(value) ? std::lround(1000 * value) : 0);
    }
  });
  text.push_back(']');
  return fmt::to_string(text);
}

}  // namespace

std::string attention_json(const train::Run& run, const data::Tokens& source) {
  const SampleAttention sample = sample_attention(run, source);
  const models::Hypothesis& best = sample.output;
  data::Tokens of_source = visible(run.source.split(source)), written = visible(run.target.decode_split(best.ids));
  data::Tokens of_target = {begin_mark};
  of_target.insert(of_target.end(), written.begin(), written.end());
  of_target.resize(sample.read.size());
  of_source.push_back(end_mark);
  if (best.finished) written.push_back(end_mark);

  std::vector<std::string> maps;
  for (const models::AttentionMap& map : sample.maps) {
    const bool by_source = map.reads == models::Reads::source_by_source,
               of_targets = map.reads == models::Reads::target_by_target;
    const data::Tokens &rows = by_source    ? of_source
                               : of_targets ? of_target
                                            : written,
                       &columns = of_targets ? of_target : of_source;
    for (Index head = 0; head < map.weights.size(1); ++head) {
      maps.push_back(
          json_object({{"reads", files::json_string(name_of(map.reads))},
                       {"layer", fmt::format("{}", map.layer + 1)},
                       {"head", fmt::format("{}", head + 1)},
                       {"rows", json_strings(rows)},
                       {"columns", json_strings(columns)},
                       {"weights", thousandths(map.weights, head, map.weights.size(2) * map.weights.size(3))}}));
    }
  }
  return json_list(maps);
}

}  // namespace gradus::report
