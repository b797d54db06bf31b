#include <gradus/data/internal/ngrams.h>

namespace gradus::data {

Ngrams ngrams_of(const Units& text, std::size_t n) {
  Ngrams counts;
  for (std::size_t at = 0; at + n <= text.size(); ++at) ++counts[std::u32string_view(text).substr(at, n)];
  return counts;
}

Index total_of(const Ngrams& ngrams) {
  Index total = 0;
  for (const auto& [_, count] : ngrams) total += count;
  return total;
}

Index count_of(const Ngrams& ngrams, std::u32string_view ngram) {
  const auto found = ngrams.find(ngram);
  return found == ngrams.end() ? 0 : found->second;
}

bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

Units without_space(Units text) {
  std::erase_if(text, is_space);
  return text;
}

std::vector<Units> words_of(std::u32string_view text) {
  std::vector<Units> words;
  bool inside = false;
  for (const char32_t c : text) {
    const bool space = is_space(c);
    if (!space && !inside) words.emplace_back();
    if (!space) words.back() += c;
    inside = !space;
  }
  return words;
}

Units WordNumbers::of(const std::vector<Units>& words) {
  Units found;
  for (const Units& word : words)
    found += numbers_.try_emplace(word, static_cast<char32_t>(numbers_.size())).first->second;
  return found;
}

}  // namespace gradus::data
