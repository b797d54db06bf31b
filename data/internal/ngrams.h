#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gradus/autograd/foundation/types.h>

namespace gradus::data {

/// A text as numbers: one per character, or one per word.
using Units = std::u32string;

/// How often each n-gram occurs. The n-grams are parts of a text that lives longer.
using Ngrams = std::map<std::u32string_view, Index>;

Ngrams ngrams_of(const Units& text, std::size_t n);
Index total_of(const Ngrams& ngrams);
/// 0 for an n-gram that does not occur.
Index count_of(const Ngrams& ngrams, std::u32string_view ngram);

/// White space as in Python's str.split and str.strip, which sacreBLEU uses.
bool is_space(char32_t c);
Units without_space(Units text);
/// The parts between white space.
std::vector<Units> words_of(std::u32string_view text);

/// Numbers words in the order of their first use.
class WordNumbers {
 public:
  Units of(const std::vector<Units>& words);

 private:
  std::map<Units, char32_t> numbers_;
};

}  // namespace gradus::data
