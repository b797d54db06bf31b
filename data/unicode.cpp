#include <gradus/data/unicode.h>

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

#include <gradus/files/internal/utf8.h>

namespace gradus::data {
namespace {

using CodePoint = utf8proc_int32_t;
using CodePoints = std::vector<CodePoint>;

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// A byte that is not UTF-8 counts as one.
CodePoints points_of(std::string_view text) {
  CodePoints points;
  points.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = files::utf8_length(text, at);
    CodePoint point = static_cast<unsigned char>(text[at]);
    if (length > 1) {
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                       static_cast<utf8proc_ssize_t>(length), &point);
    }
    points.push_back(point);
    at += std::max<std::size_t>(length, 1);
  }
  return points;
}

void append(std::string& text, CodePoint point) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const utf8proc_ssize_t length = utf8proc_encode_char(point, bytes.data());
  text.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(length));
}

std::string encoded(const CodePoints& points) {
  std::string text;
  text.reserve(points.size());
  for (const CodePoint point : points) append(text, point);
  return text;
}

utf8proc_option_t options_of(UnicodeForm form) {
  const int composed = form == UnicodeForm::nfd ? UTF8PROC_DECOMPOSE : UTF8PROC_COMPOSE;
  const int compatible = form == UnicodeForm::nfkc ? UTF8PROC_COMPAT : 0;
  return static_cast<utf8proc_option_t>(UTF8PROC_STABLE | composed | compatible);
}

// The full decomposition, with marks in canonical order. utf8proc_decompose sorts them in quadratic time, which a file
// of marks alone would show.
CodePoints decomposed(const CodePoints& points, utf8proc_option_t options) {
  CodePoints all;
  all.reserve(points.size());
  std::array<CodePoint, 32> parts{};  // the longest decomposition has 18
  for (const CodePoint point : points) {
    int boundary = 0;
    const auto count = utf8proc_decompose_char(point, parts.data(), std::ssize(parts), options, &boundary);
    all.insert(all.end(), parts.begin(), parts.begin() + count);
  }
  const auto combining_class = [](CodePoint point) { return utf8proc_get_property(point)->combining_class; };
  const auto is_starter = [&](CodePoint point) { return combining_class(point) == 0; };
  const auto lower_class = [&](CodePoint a, CodePoint b) { return combining_class(a) < combining_class(b); };
  for (auto begin = all.begin(); begin != all.end();) {
    const auto end = std::find_if(begin, all.end(), is_starter);
    std::stable_sort(begin, end, lower_class);
    begin = std::find_if_not(end, all.end(), is_starter);
  }
  return all;
}

bool is_cased(CodePoint point) {
  const utf8proc_category_t category = utf8proc_category(point);
  return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL || category == UTF8PROC_CATEGORY_LT ||
         utf8proc_tolower(point) != point || utf8proc_toupper(point) != point;
}

// Whether case mapping skips the code point when it reads the context of another (the property Case_Ignorable).
bool is_case_ignorable(CodePoint point) {
  constexpr std::array<CodePoint, 17> inside_words = {0x27,   0x2E,   0x3A,   0xB7,   0x387,  0x55F,
                                                      0x5F4,  0x2018, 0x2019, 0x2024, 0x2027, 0xFE13,
                                                      0xFE52, 0xFE55, 0xFF07, 0xFF0E, 0xFF1A};
  switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      break;
  }
  return std::binary_search(inside_words.begin(), inside_words.end(), point);
}

bool is_mark(CodePoint point) {
  const utf8proc_category_t category = utf8proc_category(point);
  return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC || category == UTF8PROC_CATEGORY_ME;
}

// Whether a reader of a message does not see the code point: white space other than a space, controls, unassigned ones.
bool is_hidden(CodePoint point) {
  const std::string_view category = utf8proc_category_string(point);
  return point != ' ' && (category[0] == 'Z' || category[0] == 'C');
}

// Whether the first code point in the range that is not skipped is a letter with case.
template <class Iterator>
bool meets_cased(Iterator begin, Iterator end) {
  const auto found = std::find_if_not(begin, end, is_case_ignorable);
  return found != end && is_cased(*found);
}

}  // namespace

CharacterKind kind_of(char32_t point) {
  switch (utf8proc_category_string(static_cast<CodePoint>(point))[0]) {
    case 'N':
      return CharacterKind::number;
    case 'P':
      return CharacterKind::punctuation;
    case 'S':
      return CharacterKind::symbol;
    default:
      return CharacterKind::other;
  }
}

std::u32string code_points(std::string_view text) {
  const CodePoints points = points_of(text);
  return {points.begin(), points.end()};
}

std::string normalize(std::string_view text, UnicodeForm form) {
  files::require_utf8(text);
  if (form == UnicodeForm::none || is_ascii(text)) return std::string(text);
  const utf8proc_option_t options = options_of(form);
  CodePoints points = decomposed(points_of(text), options);
  const auto length = utf8proc_normalize_utf32(points.data(), std::ssize(points), options);
  points.resize(static_cast<std::size_t>(length));
  return encoded(points);
}

std::string lowercase(std::string_view text) {
  files::require_utf8(text);
  constexpr CodePoint dotted_i = 0x130, dot_above = 0x307, capital_sigma = 0x3A3, final_sigma = 0x3C2;
  const CodePoints points = points_of(text);
  std::string lower;
  lower.reserve(text.size());
  for (auto at = points.begin(); at != points.end(); ++at) {
    if (*at == dotted_i) {
      append(lower, 'i');
      append(lower, dot_above);
    } else if (*at == capital_sigma && meets_cased(std::make_reverse_iterator(at), points.rend()) &&
               !meets_cased(at + 1, points.end())) {
      append(lower, final_sigma);
    } else {
      append(lower, utf8proc_tolower(*at));
    }
  }
  return lower;
}

std::string prepare(std::string_view text, UnicodeForm form, bool in_lowercase) {
  std::string prepared = normalize(text, form);
  return in_lowercase ? normalize(lowercase(prepared), form) : prepared;
}

std::string quoted(std::string_view text) {
  const CodePoints points = points_of(text);
  const bool visible =
      !points.empty() && !is_mark(points.front()) && std::none_of(points.begin(), points.end(), is_hidden);
  if (visible) return fmt::format("\"{}\"", files::shown(text));
  std::vector<std::string> names;
  for (const CodePoint point : points) names.push_back(fmt::format("U+{:04X}", point));
  return fmt::format("{}", fmt::join(names, " "));
}

std::size_t width(std::string_view text) {
  std::size_t columns = 0;
  for (const CodePoint point : points_of(text)) columns += static_cast<std::size_t>(utf8proc_charwidth(point));
  return columns;
}

std::vector<std::string> graphemes(std::string_view text) {
  files::require_utf8(text);
  std::vector<std::string> clusters;
  CodePoint last = 0;
  utf8proc_int32_t state = 0;
  for (const CodePoint point : points_of(text)) {
    if (clusters.empty() || utf8proc_grapheme_break_stateful(last, point, &state)) clusters.emplace_back();
    append(clusters.back(), point);
    last = point;
  }
  return clusters;
}

std::string cut_to_width(std::string_view text, std::size_t columns) {
  files::require_utf8(text);
  std::string cut;
  for (const CodePoint point : points_of(text)) {
    const auto width = static_cast<std::size_t>(utf8proc_charwidth(point));
    if (width > columns) break;
    columns -= width;
    append(cut, point);
  }
  return cut;
}

}  // namespace gradus::data
