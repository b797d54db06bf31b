#include <gradus/data/text_scores.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <map>
#include <string_view>

#include <gradus/autograd/foundation/error.h>
#include <gradus/autograd/foundation/types.h>
#include <gradus/data/unicode.h>

namespace gradus::data {
namespace {

// A text as numbers: one per character, or one per word.
using Units = std::u32string;
using Counts = std::map<std::u32string_view, Index>;

void check(const std::vector<std::string>& outputs, const std::vector<References>& references) {
  if (outputs.size() != references.size())
    throw Error(fmt::format("{} outputs for {} sources; expected one for each", outputs.size(), references.size()));
  if (outputs.empty()) throw Error("there is nothing to score; expected at least one source");
  for (std::size_t i = 0; i < references.size(); ++i)
    if (references[i].empty()) throw Error(fmt::format("source {} has no reference; expected at least one", i + 1));
}

// White space as Python's str.split has it.
bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

Units without_space(Units text) {
  std::erase_if(text, is_space);
  return text;
}

Counts count_ngrams(const Units& text, std::size_t n) {
  Counts counts;
  for (std::size_t at = 0; at + n <= text.size(); ++at) ++counts[std::u32string_view(text).substr(at, n)];
  return counts;
}

Index total_of(const Counts& counts) {
  Index total = 0;
  for (const auto& [_, count] : counts) total += count;
  return total;
}

Index count_of(const Counts& counts, std::u32string_view ngram) {
  const auto found = counts.find(ngram);
  return found == counts.end() ? 0 : found->second;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_point(char c) { return c == '.' || c == ','; }
// ASCII signs but apostrophe, comma, hyphen and full stop.
bool is_sign(char c) {
  return c >= ' ' && c <= '~' && !is_digit(c) && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') &&
         std::string_view("',-.").find(c) == std::string_view::npos;
}

// Each pair of neighbours that `fits` accepts, from left to right and without overlap, becomes before + first + between
// + second + after.
template <class Fits>
std::string spread(const std::string& text, const char* before, const char* between, const char* after, Fits fits) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    if (at + 1 < text.size() && fits(text[at], text[at + 1])) {
      result += fmt::format("{}{}{}{}{}", before, text[at], between, text[at + 1], after);
      at += 2;
    } else {
      result += text[at++];
    }
  }
  return result;
}

// A text in the tokenisation 13a of mteval, with spaces between the tokens: signs stand alone, full stops and commas
// unless they are between digits, and a hyphen after a digit.
std::string tokenized_13a(std::string text) {
  replace_all(text, "<skipped>", "");
  replace_all(text, "-\n", "");
  for (const auto& [from, to] : std::initializer_list<std::pair<const char*, const char*>>{
           {"&quot;", "\""}, {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}})
    replace_all(text, from, to);
  std::string spaced = " ";
  for (const char c : text) spaced += is_sign(c) ? fmt::format(" {} ", c) : std::string(1, c);
  spaced += " ";
  spaced = spread(spaced, "", " ", " ", [](char a, char b) { return !is_digit(a) && is_point(b); });
  spaced = spread(spaced, " ", " ", "", [](char a, char b) { return is_point(a) && !is_digit(b); });
  return spread(spaced, "", " ", " ", [](char a, char b) { return is_digit(a) && b == '-'; });
}

// Numbers words in the order of their first use.
class Words {
 public:
  Units of(const std::string& text) {
    Units found, word;
    for (const char32_t c : code_points(tokenized_13a(text)) + U' ') {
      if (!is_space(c)) {
        word += c;
      } else if (!word.empty()) {
        found.push_back(numbers_.try_emplace(std::move(word), static_cast<char32_t>(numbers_.size())).first->second);
        word.clear();
      }
    }
    return found;
  }

 private:
  std::map<Units, char32_t> numbers_;
};

constexpr std::size_t longest_of_words = 4, longest_of_characters = 6;

// The length nearest to that of the output, and the smaller of two.
Index nearest_length(const Units& output, const std::vector<Units>& references) {
  const auto length = [](const Units& text) { return static_cast<Index>(text.size()); };
  Index nearest = length(references.front());
  for (const Units& reference : references) {
    const Index distance = std::abs(length(reference) - length(output)), least = std::abs(nearest - length(output));
    if (distance < least || (distance == least && length(reference) < nearest)) nearest = length(reference);
  }
  return nearest;
}

// N-grams of one length that occur in the output, in the reference, and in both.
struct Overlap {
  Index output = 0, reference = 0, both = 0;
};
using Overlaps = std::array<Overlap, longest_of_characters>;

Overlaps overlaps_of(const Units& output, const Units& reference) {
  Overlaps found;
  for (std::size_t n = 1; n <= longest_of_characters; ++n) {
    Overlap& o = found[n - 1];
    const Counts own = count_ngrams(output, n), correct = count_ngrams(reference, n);
    o.reference = total_of(correct);
    o.output = o.reference > 0 ? total_of(own) : 0;
    for (const auto& [ngram, count] : own) o.both += std::min(count, count_of(correct, ngram));
  }
  return found;
}

// The F score of mean precision and mean recall, over the lengths with n-grams on both sides.
double f_score(const Overlaps& overlaps) {
  constexpr double weight = 2 * 2;  // of recall
  double precision = 0, recall = 0;
  int lengths = 0;
  for (const Overlap& o : overlaps) {
    if (o.output == 0 || o.reference == 0) continue;
    precision += static_cast<double>(o.both) / static_cast<double>(o.output);
    recall += static_cast<double>(o.both) / static_cast<double>(o.reference);
    ++lengths;
  }
  if (precision + recall == 0) return 0;
  precision /= lengths;
  recall /= lengths;
  return 100 * (1 + weight) * precision * recall / (weight * precision + recall);
}

}  // namespace

double bleu(const std::vector<std::string>& outputs, const std::vector<References>& references) {
  check(outputs, references);
  std::array<Index, longest_of_words> correct{}, all{};
  Index length = 0, wanted_length = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    Words words;
    const Units output = words.of(outputs[i]);
    std::vector<Units> wanted;
    for (const std::string& text : references[i]) wanted.push_back(words.of(text));
    length += static_cast<Index>(output.size());
    wanted_length += nearest_length(output, wanted);
    for (std::size_t n = 1; n <= longest_of_words; ++n) {
      const Counts own = count_ngrams(output, n);
      Counts most;  // in any one reference
      for (const Units& reference : wanted)
        for (const auto& [ngram, count] : count_ngrams(reference, n)) most[ngram] = std::max(most[ngram], count);
      all[n - 1] += total_of(own);
      for (const auto& [ngram, count] : own) correct[n - 1] += std::min(count, count_of(most, ngram));
    }
  }
  if (correct[0] == 0 || all.back() == 0) return 0;
  double sum = 0, smooth = 1;
  for (std::size_t k = 0; k < longest_of_words; ++k) {
    if (correct[k] == 0) smooth *= 2;
    const double matches = correct[k] == 0 ? 1 / smooth : static_cast<double>(correct[k]);
    sum += std::log(matches / static_cast<double>(all[k]));
  }
  const double ratio = static_cast<double>(wanted_length) / static_cast<double>(length);
  return 100 * std::min(1.0, std::exp(1 - ratio)) * std::exp(sum / longest_of_words);
}

double chrf(const std::vector<std::string>& outputs, const std::vector<References>& references) {
  check(outputs, references);
  Overlaps total;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Units output = without_space(code_points(outputs[i]));
    Overlaps best;
    double best_score = -1;
    for (const std::string& text : references[i]) {
      const Overlaps found = overlaps_of(output, without_space(code_points(text)));
      const double score = f_score(found);
      if (score <= best_score) continue;
      best_score = score;
      best = found;
    }
    for (std::size_t k = 0; k < total.size(); ++k) {
      total[k].output += best[k].output;
      total[k].reference += best[k].reference;
      total[k].both += best[k].both;
    }
  }
  return f_score(total);
}

}  // namespace gradus::data
