#include <gradus/data/internal/bleu_tokens.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include <gradus/data/unicode.h>

namespace gradus::data {
namespace {

void replace_all(Units& text, std::u32string_view from, std::u32string_view to) {
  for (std::size_t at = text.find(from); at != Units::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

bool is_digit(char32_t c) { return c >= U'0' && c <= U'9'; }
bool is_point(char32_t c) { return c == U'.' || c == U','; }
// ASCII signs but apostrophe, comma, hyphen and full stop.
bool is_sign(char32_t c) {
  return c >= U' ' && c <= U'~' && !is_digit(c) && !(c >= U'A' && c <= U'Z') && !(c >= U'a' && c <= U'z') &&
         std::u32string_view(U"',-.").find(c) == std::u32string_view::npos;
}

// Puts spaces around each character that `fits` accepts.
template <class Fits>
Units set_apart(const Units& text, Fits fits) {
  Units result;
  for (const char32_t c : text) result += fits(c) ? Units{U' ', c, U' '} : Units{c};
  return result;
}

// Each pair of neighbours that `fits` accepts, from left to right and without overlap, becomes before + first + space +
// second + after.
template <class Fits>
Units spread(const Units& text, const char32_t* before, const char32_t* after, Fits fits) {
  Units result;
  for (std::size_t at = 0; at < text.size();) {
    if (at + 1 < text.size() && fits(text[at], text[at + 1])) {
      result += before + Units{text[at], U' ', text[at + 1]} + after;
      at += 2;
    } else {
      result += text[at++];
    }
  }
  return result;
}

// ASCII signs stand alone, full stops and commas unless they are between digits, and a hyphen after a digit.
Units split_at_signs(const Units& text) {
  Units spaced = set_apart(text, is_sign);
  spaced = spread(spaced, U"", U" ", [](char32_t a, char32_t b) { return !is_digit(a) && is_point(b); });
  spaced = spread(spaced, U" ", U"", [](char32_t a, char32_t b) { return is_point(a) && !is_digit(b); });
  return spread(spaced, U"", U" ", [](char32_t a, char32_t b) { return is_digit(a) && b == U'-'; });
}

Units tokenized_13a(Units text) {
  constexpr std::pair<std::u32string_view, std::u32string_view> replaced[] = {
      {U"<skipped>", U""}, {U"-\n", U""},   {U"\n", U" "},  {U"&quot;", U"\""},
      {U"&amp;", U"&"},    {U"&lt;", U"<"}, {U"&gt;", U">"}};
  for (const auto& [from, to] : replaced) replace_all(text, from, to);
  return split_at_signs(U' ' + text + U' ');
}

// Punctuation stands alone unless it is between numbers, and each symbol does.
Units tokenized_intl(const Units& text) {
  const auto is = [](char32_t c, CharacterKind kind) { return kind_of(c) == kind; };
  Units spaced = spread(text, U"", U" ", [&](char32_t a, char32_t b) {
    return !is(a, CharacterKind::number) && is(b, CharacterKind::punctuation);
  });
  spaced = spread(spaced, U" ", U"", [&](char32_t a, char32_t b) {
    return is(a, CharacterKind::punctuation) && !is(b, CharacterKind::number);
  });
  return set_apart(spaced, [&](char32_t c) { return is(c, CharacterKind::symbol); });
}

// The characters that sacreBLEU sets apart as Chinese. Its range U+2001 to U+2A6D is meant to be U+20000 to U+2A6D6.
bool is_chinese(char32_t c) {
  constexpr std::pair<char32_t, char32_t> ranges[] = {
      {0x3400, 0x4DB5}, {0x4E00, 0x9FBB}, {0xF900, 0xFA2D}, {0xFA30, 0xFA6A}, {0xFA70, 0xFAD9}, {0x2001, 0x2A6D},
      {0xFF00, 0xFFEF}, {0x2E80, 0x2EFF}, {0x3000, 0x303F}, {0x31C0, 0x31EF}, {0x2F00, 0x2FDF}, {0x2FF0, 0x2FFF},
      {0x3100, 0x312F}, {0x31A0, 0x31BF}, {0xFE10, 0xFE1F}, {0xFE30, 0xFE4F}, {0x3200, 0x33FF}};
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [c](const auto& range) { return c >= range.first && c <= range.second; });
}

Units without_last_space(Units text) {
  while (!text.empty() && is_space(text.back())) text.pop_back();
  return text;
}

}  // namespace

std::vector<Units> bleu_tokens(const std::string& text, BleuTokens kind) {
  const Units points = without_last_space(code_points(text));
  switch (kind) {
    case BleuTokens::mteval_13a:
      return words_of(tokenized_13a(points));
    case BleuTokens::international:
      return words_of(tokenized_intl(points));
    case BleuTokens::chinese:
      return words_of(split_at_signs(set_apart(points, is_chinese)));
    case BleuTokens::characters:
      return words_of(set_apart(points, [](char32_t) { return true; }));
    case BleuTokens::none:
      break;
  }
  return words_of(points);
}

}  // namespace gradus::data
