#include <gradus/data/measure.h>

#include <fmt/format.h>

#include <algorithm>

#include <gradus/autograd/foundation/error.h>

namespace gradus::data {

void check(const Texts& texts) {
  const auto& [outputs, references] = texts;
  if (outputs.size() != references.size())
    throw Error(fmt::format("{} outputs for {} sources; expected one for each", outputs.size(), references.size()));
  if (outputs.empty()) throw Error("there is nothing to score; expected at least one source");
  for (std::size_t i = 0; i < references.size(); ++i)
    if (references[i].empty()) throw Error(fmt::format("source {} has no reference; expected at least one", i + 1));
}

void check(const Measure& measure) {
  const auto refuse = [&](const std::string& problem) {
    throw Error(fmt::format("the measure '{}' {}", measure.name, problem));
  };
  if (measure.columns < 1) refuse(fmt::format("has {} columns; expected at least 1", measure.columns));
  if (measure.counts.empty() || std::ssize(measure.counts) % measure.columns != 0) {
    refuse(fmt::format("has {} counts; expected {} for each output, and at least one output", measure.counts.size(),
                       measure.columns));
  }
  if (!measure.value_of_sums) refuse("has no value_of_sums; expected a function of the sums of its columns");
}

Index Measure::outputs() const {
  check(*this);
  return std::ssize(counts) / columns;
}

double value(const Measure& measure) {
  check(measure);
  std::vector<Index> sums(static_cast<std::size_t>(measure.columns));
  for (std::size_t at = 0; at < measure.counts.size(); ++at) sums[at % sums.size()] += measure.counts[at];
  return measure.value_of_sums(sums);
}

std::string signature(const Measure& measure, const Texts& texts, bool lowercase, Index samples, std::uint64_t seed,
                      const std::string& version) {
  check(texts);
  const auto& references = texts.references;
  const bool equal = std::all_of(references.begin(), references.end(),
                                 [&](const auto& own) { return own.size() == references.front().size(); });
  std::string text = fmt::format("nrefs:{}", equal ? fmt::format("{}", references.front().size()) : "var");
  if (samples > 0) text += fmt::format("|bs:{}|seed:{}", samples, seed);
  return fmt::format("{}|case:{}|{}|version:gradus-{}", text, lowercase ? "lc" : "mixed", measure.signature, version);
}

}  // namespace gradus::data
