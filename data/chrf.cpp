#include <gradus/data/chrf.h>

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include <gradus/autograd/foundation/error.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/data/internal/ngrams.h>
#include <gradus/data/unicode.h>

namespace gradus::data {
namespace {

constexpr std::size_t longest_characters = 6;  // of characters
constexpr Index most_words = 100;
// The counts of an output are, per length, the n-grams of the output, of the reference, and of both.
constexpr std::size_t per_length = 3;

// The text as characters, and as words numbered by `numbers`.
struct Sides {
  Units characters, words;
};

bool is_ascii_sign(char32_t c) {
  return (c >= U'!' && c <= U'/') || (c >= U':' && c <= U'@') || (c >= U'[' && c <= U'`') || (c >= U'{' && c <= U'~');
}

// The words with the sign at their end, or else at their beginning, as a word of its own.
std::vector<Units> words_and_signs(const Units& text) {
  std::vector<Units> parts;
  for (const Units& word : words_of(text)) {
    const std::size_t size = word.size();
    const std::size_t cut = size == 1 ? 0 : is_ascii_sign(word.back()) ? size - 1 : is_ascii_sign(word[0]) ? 1 : 0;
    if (cut > 0) parts.push_back(word.substr(0, cut));
    parts.push_back(word.substr(cut));
  }
  return parts;
}

Sides sides_of(const std::string& text, WordNumbers& numbers) {
  const Units points = code_points(text);
  return {without_space(points), numbers.of(words_and_signs(points))};
}

void count(const Units& output, const Units& reference, std::size_t most, Index*& counts) {
  for (std::size_t n = 1; n <= most; ++n, counts += per_length) {
    const Ngrams own = ngrams_of(output, n), correct = ngrams_of(reference, n);
    counts[1] = total_of(correct);
    counts[0] = counts[1] > 0 ? total_of(own) : 0;
    for (const auto& [ngram, times] : own) counts[2] += std::min(times, count_of(correct, ngram));
  }
}

// The F score of mean precision and mean recall, over the lengths with n-grams on both sides.
double chrf_of(const std::vector<Index>& sums) {
  constexpr double weight = 2 * 2;  // of recall
  double precision = 0, recall = 0;
  int lengths = 0;
  for (std::size_t at = 0; at < sums.size(); at += per_length) {
    if (sums[at] == 0 || sums[at + 1] == 0) continue;
    const auto both = static_cast<double>(sums[at + 2]);
    precision += both / static_cast<double>(sums[at]);
    recall += both / static_cast<double>(sums[at + 1]);
    ++lengths;
  }
  if (precision + recall == 0) return 0;
  precision /= lengths;
  recall /= lengths;
  return 100 * (1 + weight) * precision * recall / (weight * precision + recall);
}

// The counts against the reference with the highest score, the first of equal ones.
std::vector<Index> best_counts(const std::string& text, const std::vector<std::string>& references, std::size_t words) {
  WordNumbers numbers;
  const Sides output = sides_of(text, numbers);
  std::vector<Index> best;
  double best_value = -1;
  for (const std::string& reference : references) {
    const Sides wanted = sides_of(reference, numbers);
    std::vector<Index> found((longest_characters + words) * per_length);
    Index* at = found.data();
    count(output.characters, wanted.characters, longest_characters, at);
    count(output.words, wanted.words, words, at);
    const double value = chrf_of(found);
    if (value <= best_value) continue;
    best_value = value;
    best = std::move(found);
  }
  return best;
}

}  // namespace

Measure chrf(const Texts& texts, Index words) {
  check(texts);
  if (words < 0 || words > most_words)
    throw Error(fmt::format("chrf: words is {}; expected a length from 0 to {}", words, most_words));
  const auto n = static_cast<std::size_t>(words);
  const std::size_t columns = (longest_characters + n) * per_length;
  Measure measure{.name = words == 0 ? "chrf" : "chrf_plus_plus",
                  .title = "chrF2" + std::string(n, '+'),
                  .signature = fmt::format("eff:yes|nc:{}|nw:{}|space:no", longest_characters, words),
                  .is_error_rate = false,
                  .columns = static_cast<Index>(columns),
                  .counts = std::vector<Index>(texts.outputs.size() * columns),
                  .value_of_sums = chrf_of};
  parallel_each(std::ssize(texts.outputs), 16, [&](Index i) {
    const auto k = static_cast<std::size_t>(i);
    const std::vector<Index> own = best_counts(texts.outputs[k], texts.references[k], n);
    std::copy(own.begin(), own.end(), measure.counts.begin() + static_cast<std::ptrdiff_t>(k * columns));
  });
  return measure;
}

}  // namespace gradus::data
