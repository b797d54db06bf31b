#include <gradus/cli/internal/scoring.h>

#include <fmt/format.h>

#include <gradus/cli/internal/command.h>
#include <gradus/cli/internal/version.h>
#include <gradus/data/chrf.h>
#include <gradus/data/confusions.h>
#include <gradus/data/error_rates.h>
#include <gradus/data/metrics.h>
#include <gradus/data/unicode.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/train/report.h>

namespace gradus::cli {
namespace {

using data::Measure;
using Rows = std::vector<std::vector<std::string>>;

std::vector<Measure> measures_of(const Scored& scored, const ScoringFlags& flags) {
  return {sequence_error_rate(scored.outputs, scored.sets),
          token_error_rate(scored.outputs, scored.sets),
          word_error_rate(scored.texts),
          character_error_rate(scored.texts),
          bleu(scored.texts, flags.bleu_tokens),
          chrf(scored.texts),
          chrf(scored.texts, 2)};
}

// The value in a table: an error rate in percent.
std::string shown_value(const Measure& measure, double value) {
  return measure.is_error_rate ? fmt::format("{:.2f} %", 100 * value) : fmt::format("{:.2f}", value);
}

std::string shown_difference(const Measure& measure, double value) {
  return fmt::format("{:+.2f}", measure.is_error_rate ? 100 * value : value);
}

template <class Show>
std::string shown_interval(const Measure& measure, const data::Interval& interval, const Show& show) {
  return fmt::format("{} to {}", show(measure, interval.low), show(measure, interval.high));
}

void print_signatures(const std::vector<Measure>& measures, const Scored& scored, const data::Resampling& resampling,
                      files::JsonFields& fields) {
  for (const Measure& m : measures) {
    if (m.signature.empty()) continue;
    const std::string text = signature(m, scored.texts, scored.lowercase, resampling.samples, resampling.seed, version);
    print_result("signature of {}: {}\n", m.title, text);
    fields.emplace_back(m.name + "_signature", text);
  }
}

void print_confusions(const Scored& scored, Index most) {
  const auto shown = [](const std::string& token) { return token.empty() ? "-" : data::quoted(token); };
  Rows rows = {{"reference", "output", "edits"}};
  for (const data::Confusion& c : data::confusions(scored.outputs, scored.sets, most))
    rows.push_back({shown(c.reference), shown(c.output), fmt::format("{}", c.count)});
  print_result("\n{}", train::table(rows));
}

}  // namespace

void add_scoring_flags(CLI::App& command, ScoringFlags& flags) {
  command
      .add_option("--bootstrap", flags.resampling.samples,
                  "Samples of the bootstrap for the 95 % intervals (default: 1000); 0: no intervals")
      ->transform(whole_from(0, 1'000'000))
      ->type_name("N");
  command.add_option("--bootstrap-seed", flags.resampling.seed, "Seed of these samples (default: 1)")
      ->transform(whole_from(0, 4'294'967'295))
      ->type_name("N");
  command
      .add_option_function<std::string>(
          "--bleu-tokens",
          [&flags](const std::string& name) {
            flags.bleu_tokens = name == "intl"   ? data::BleuTokens::international
                                : name == "zh"   ? data::BleuTokens::chinese
                                : name == "char" ? data::BleuTokens::characters
                                : name == "none" ? data::BleuTokens::none
                                                 : data::BleuTokens::mteval_13a;
          },
          "How BLEU splits a text, as in sacreBLEU: 13a (default), intl, zh, char or none")
      ->check(CLI::IsMember({"13a", "intl", "zh", "char", "none"}))
      ->type_name("NAME");
  command.add_option("--confusions", flags.confusions, "Print the N most frequent edits of tokens")
      ->transform(whole_from(1, 1'000'000))
      ->type_name("N");
}

void print_by_length(const char* of, const std::vector<Index>& lengths, const std::vector<bool>& exact) {
  Rows rows = {{fmt::format("{} length", of), "outputs", "exact"}};
  for (const train::LengthBucket& b : train::by_length(lengths, exact)) {
    rows.push_back({range_name(b), fmt::format("{}", b.pairs),
                    fmt::format("{:.1f} %", 100.0 * static_cast<double>(b.exact) / static_cast<double>(b.pairs))});
  }
  print_result("{}\n", train::table(rows));
}

files::JsonFields print_measures(const Scored& scored, const ScoringFlags& flags) {
  const std::vector<Measure> measures = measures_of(scored, flags);
  const bool sampled = flags.resampling.samples > 0;
  const auto intervals = sampled ? data::intervals(measures, flags.resampling) : std::vector<data::Interval>();
  const data::Score score = data::score(scored.outputs, scored.sets);
  files::JsonFields fields{{"pairs", score.pairs}, {"exact", score.exact}};
  Rows rows = {{"measure", "value"}};
  if (sampled) rows.front().emplace_back("95 % interval");
  for (std::size_t k = 0; k < measures.size(); ++k) {
    const Measure& m = measures[k];
    rows.push_back({m.title, shown_value(m, value(m))});
    fields.emplace_back(m.name, value(m));
    if (!sampled) continue;
    rows.back().push_back(shown_interval(m, intervals[k], shown_value));
    fields.emplace_back(m.name + "_low", intervals[k].low);
    fields.emplace_back(m.name + "_high", intervals[k].high);
  }
  fields.emplace_back("edits", score.edits);
  fields.emplace_back("reference_tokens", score.reference_tokens);
  print_result("{}", train::table(rows));
  print_signatures(measures, scored, flags.resampling, fields);
  if (flags.confusions > 0) print_confusions(scored, flags.confusions);
  print_result("\n");
  return fields;
}

files::JsonFields print_differences(const Scored& a, const std::string& name_of_a, const Scored& b,
                                    const std::string& name_of_b, const ScoringFlags& flags) {
  const std::vector<Measure> of_a = measures_of(a, flags), of_b = measures_of(b, flags);
  const auto found = data::differences(of_a, of_b, flags.resampling);
  files::JsonFields fields{{"pairs", static_cast<Index>(a.outputs.size())}};
  Rows rows = {{"measure", files::shown(name_of_a), files::shown(name_of_b), "difference", "95 % interval", "p"}};
  for (std::size_t k = 0; k < of_a.size(); ++k) {
    const Measure& m = of_a[k];
    const data::Difference& d = found[k];
    rows.push_back({m.title, shown_value(m, value(m)), shown_value(m, value(of_b[k])), shown_difference(m, d.value),
                    shown_interval(m, d.interval, shown_difference), fmt::format("{:.4f}", d.p)});
    const std::pair<const char*, double> parts[] = {{"", value(m)},
                                                    {"_against", value(of_b[k])},
                                                    {"_difference", d.value},
                                                    {"_difference_low", d.interval.low},
                                                    {"_difference_high", d.interval.high},
                                                    {"_p", d.p}};
    for (const auto& [suffix, number] : parts) fields.emplace_back(m.name + suffix, number);
  }
  print_result("{}", train::table(rows));
  print_result("p: how often {} exchanges of outputs at random make a difference at least as large\n",
               flags.resampling.samples);
  print_signatures(of_a, a, flags.resampling, fields);
  print_result("\n");
  return fields;
}

}  // namespace gradus::cli
