#include <gradus/data/error_rates.h>

#include <algorithm>

#include <gradus/autograd/foundation/parallel.h>
#include <gradus/data/internal/nearest.h>
#include <gradus/data/internal/ngrams.h>
#include <gradus/data/metrics.h>
#include <gradus/data/unicode.h>

namespace gradus::data {
namespace {

// A measure with two counts per output, whose value is their quotient. `count(i)` gives those of output i.
template <class Count>
Measure rate(const char* name, const char* title, std::size_t outputs, const Count& count) {
  Measure measure{.name = name,
                  .title = title,
                  .signature = "",
                  .columns = 2,
                  .counts = std::vector<Index>(2 * outputs),
                  .value_of_sums = [](const std::vector<Index>& sums) {
                    return static_cast<double>(sums[0]) / static_cast<double>(std::max(sums[1], Index{1}));
                  }};
  parallel_each(static_cast<Index>(outputs), 16, [&](Index i) {
    const auto k = static_cast<std::size_t>(i);
    const Nearest found = count(k);
    measure.counts[2 * k] = found.edits;
    measure.counts[2 * k + 1] = found.length;
  });
  return measure;
}

template <class Split>
Measure edits_of_texts(const char* name, const char* title, const Texts& texts, const Split& split) {
  check(texts);
  return rate(name, title, texts.outputs.size(), [&](std::size_t i) {
    WordNumbers numbers;
    const Units output = split(texts.outputs[i], numbers);
    std::vector<Units> references;
    for (const std::string& text : texts.references[i]) references.push_back(split(text, numbers));
    return nearest_of(output, references);
  });
}

}  // namespace

Measure sequence_error_rate(const std::vector<Tokens>& outputs, const std::vector<ReferenceSet>& sets) {
  check(outputs, sets);
  return rate("sequence_error_rate", "sequence error rate", outputs.size(), [&](std::size_t i) {
    const auto& references = sets[i].references;
    const bool exact = std::find(references.begin(), references.end(), outputs[i]) != references.end();
    return Nearest{.edits = exact ? 0 : 1, .length = 1};
  });
}

Measure token_error_rate(const std::vector<Tokens>& outputs, const std::vector<ReferenceSet>& sets) {
  check(outputs, sets);
  return rate("token_error_rate", "token error rate", outputs.size(),
              [&](std::size_t i) { return nearest_of(outputs[i], sets[i].references); });
}

Measure word_error_rate(const Texts& texts) {
  return edits_of_texts("word_error_rate", "word error rate", texts, [](const std::string& text, WordNumbers& numbers) {
    return numbers.of(words_of(code_points(text)));
  });
}

Measure character_error_rate(const Texts& texts) {
  return edits_of_texts("character_error_rate", "character error rate", texts,
                        [](const std::string& text, WordNumbers&) { return code_points(text); });
}

}  // namespace gradus::data
