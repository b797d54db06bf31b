#include <gradus/data/bleu.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <gradus/autograd/foundation/parallel.h>
#include <gradus/data/internal/bleu_tokens.h>

namespace gradus::data {
namespace {

constexpr std::size_t longest_words = 4;
// The counts of an output: its length, the nearest length of a reference, then correct and all n-grams by n.
constexpr std::size_t correct_at = 2, all_at = correct_at + longest_words, columns = all_at + longest_words;

// The length nearest to that of the output, and the smaller of two.
Index nearest_length(const Units& output, const std::vector<Units>& references) {
  const auto length = [](const Units& text) { return std::ssize(text); };
  Index nearest = length(references.front());
  for (const Units& reference : references) {
    const Index distance = std::abs(length(reference) - length(output)), least = std::abs(nearest - length(output));
    if (distance < least || (distance == least && length(reference) < nearest)) nearest = length(reference);
  }
  return nearest;
}

void count(const std::string& text, const std::vector<std::string>& references, BleuTokens tokens, Index* counts) {
  WordNumbers numbers;
  const Units output = numbers.of(bleu_tokens(text, tokens));
  std::vector<Units> wanted;
  for (const std::string& reference : references) wanted.push_back(numbers.of(bleu_tokens(reference, tokens)));
  counts[0] = std::ssize(output);
  counts[1] = nearest_length(output, wanted);
  for (std::size_t n = 1; n <= longest_words; ++n) {
    const Ngrams own = ngrams_of(output, n);
    Ngrams most;  // in any one reference
    for (const Units& reference : wanted)
      for (const auto& [ngram, times] : ngrams_of(reference, n)) most[ngram] = std::max(most[ngram], times);
    counts[all_at + n - 1] = total_of(own);
    for (const auto& [ngram, times] : own) counts[correct_at + n - 1] += std::min(times, count_of(most, ngram));
  }
}

double bleu_of(const std::vector<Index>& sums) {
  if (sums[correct_at] == 0 || sums.back() == 0) return 0;
  double sum = 0, smooth = 1;
  for (std::size_t k = 0; k < longest_words; ++k) {
    const Index correct = sums[correct_at + k];
    if (correct == 0) smooth *= 2;
    const double matches = correct == 0 ? 1 / smooth : static_cast<double>(correct);
    sum += std::log(matches / static_cast<double>(sums[all_at + k]));
  }
  const double ratio = static_cast<double>(sums[1]) / static_cast<double>(sums[0]);
  return 100 * std::min(1.0, std::exp(1 - ratio)) * std::exp(sum / longest_words);
}

const char* name_of(BleuTokens tokens) {
  switch (tokens) {
    case BleuTokens::mteval_13a:
      return "13a";
    case BleuTokens::international:
      return "intl";
    case BleuTokens::chinese:
      return "zh";
    case BleuTokens::characters:
      return "char";
    case BleuTokens::none:
      break;
  }
  return "none";
}

}  // namespace

Measure bleu(const Texts& texts, BleuTokens tokens) {
  check(texts);
  Measure measure{.name = "bleu",
                  .title = "BLEU",
                  .signature = fmt::format("eff:no|tok:{}|smooth:exp", name_of(tokens)),
                  .is_error_rate = false,
                  .columns = columns,
                  .counts = std::vector<Index>(texts.outputs.size() * columns),
                  .value_of_sums = bleu_of};
  parallel_each(std::ssize(texts.outputs), 16, [&](Index i) {
    const auto k = static_cast<std::size_t>(i);
    count(texts.outputs[k], texts.references[k], tokens, measure.counts.data() + k * columns);
  });
  return measure;
}

}  // namespace gradus::data
