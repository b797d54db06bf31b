#include <gradus/data/dictionary.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <gradus/data/internal/counted.h>
#include <gradus/data/internal/gatherer.h>
#include <gradus/data/internal/lines.h>
#include <gradus/files/internal/utf8.h>

namespace gradus::data {
namespace {

/// A line of the dictionary: a word, and the fields after it.
struct Entry {
  Index line = 0;
  Tokens word;
  Tokens fields;
  std::ptrdiff_t numbers = 0;  // how many of the first fields may be columns of numbers
};

/// The word of an entry without its variant number: "read(2)" -> "read".
std::string_view without_variant(std::string_view word) {
  if (!word.ends_with(')')) return word;
  const std::size_t open = word.rfind('(');
  if (open == std::string_view::npos || open == 0) return word;
  const std::string_view number = word.substr(open + 1, word.size() - open - 2);
  const bool is_number = !number.empty() && number.find_first_not_of("0123456789") == std::string_view::npos;
  return is_number ? word.substr(0, open) : word;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Whether the field is a number, such as 1, 0.99 or 1e-05.
bool is_number(const std::string& field) {
  double value = 0;
  const char* end = field.data() + field.size();
  const auto [stopped, problem] = std::from_chars(field.data(), end, value);
  return is_digit(field.back()) && problem == std::errc() && stopped == end;
}

bool is_decimal(const std::string& field) { return is_number(field) && field.find('.') != std::string::npos; }

// How many of the fields are numbers before the phones. A whole number after the last tab is a phone, as in X-SAMPA,
// and so is the last field.
std::ptrdiff_t leading_numbers(std::string_view line, const Tokens& fields) {
  const std::size_t tab = line.rfind('\t');
  auto before_tab = std::ssize(fields);
  if (tab != std::string_view::npos) before_tab = std::ssize(tokenize(line.substr(0, tab), Tokenizer::whitespace)) - 1;
  std::ptrdiff_t count = 0;
  for (auto field = fields.begin(); field + 1 != fields.end(); ++field, ++count)
    if (count < before_tab ? !is_number(*field) : !is_decimal(*field)) break;
  return count;
}

// Whether a phone is a vowel of ARPAbet and its stress: AH0.
bool is_stressed_vowel(std::string_view phone) {
  constexpr std::array<std::string_view, 19> vowels = {"AA", "AE", "AH", "AO", "AW", "AX", "AXR", "AY", "EH", "ER",
                                                       "EY", "IH", "IX", "IY", "OW", "OY", "UH",  "UW", "UX"};
  if (phone.back() < '0' || phone.back() > '2') return false;
  return std::find(vowels.begin(), vowels.end(), phone.substr(0, phone.size() - 1)) != vowels.end();
}

bool has_digit(std::string_view phone) { return std::any_of(phone.begin(), phone.end(), is_digit); }

// The entries of a dictionary, before its style is known.
std::vector<Entry> read_entries(const std::filesystem::path& path, const DictionaryOptions& options,
                                Gatherer& gatherer) {
  std::vector<Entry> entries;
  LineReader reader(path);
  Line line;
  while (reader.next(line)) {
    if (line.text.substr(0, 3) == ";;;") continue;
    if (!gatherer.sound(line)) continue;
    Tokens fields = tokenize(normalize(line.text, options.unicode), Tokenizer::whitespace);
    if (fields.empty() || fields.front() == "#") continue;
    const std::string word = prepare(without_variant(fields.front()), options.unicode, options.lowercase);
    fields.erase(fields.begin());
    // A word may start with '#' ("#SHARP-SIGN"); after the word, '#' starts a comment.
    fields.erase(std::find_if(fields.begin(), fields.end(), [](const std::string& f) { return f[0] == '#'; }),
                 fields.end());
    if (fields.empty() || is_decimal(fields.back())) {
      gatherer.refuse(line, line.text.size(), "no phones after the word");
      continue;
    }
    const std::ptrdiff_t numbers = leading_numbers(line.text, fields);
    entries.push_back({line.number, tokenize(word, options.letters), std::move(fields), numbers});
  }
  return entries;
}

// Removes the numbers between words and phones, if one of them shows by its decimal point that there are such columns.
void leave_numbers_out(std::vector<Entry>& entries, const std::string& path, Gatherer& gatherer) {
  const auto shows_columns = [](const Entry& e) {
    return std::any_of(e.fields.begin(), e.fields.begin() + e.numbers, is_decimal);
  };
  if (std::none_of(entries.begin(), entries.end(), shows_columns)) return;
  Index changed = 0;
  std::string message;
  for (Entry& e : entries) {
    const auto phones = e.fields.begin() + e.numbers;
    if (e.numbers != 0 && changed++ == 0)
      message = fmt::format("{}:{}: left out the numbers before the phones: {}", path, e.line,
                            files::shown(fmt::format("{}", fmt::join(e.fields.begin(), phones, " "))));
    e.fields.erase(e.fields.begin(), phones);
  }
  if (changed > 1) message += fmt::format(" (and in {})", counted(changed - 1, "more line"));
  gatherer.note(std::move(message));
}

// Whether the digits of a file are stress. Otherwise a note names the first that is not.
Stress style_of(const std::vector<Entry>& entries, const std::string& path, Gatherer& gatherer) {
  for (const Entry& e : entries) {
    for (const std::string& phone : e.fields) {
      if (!has_digit(phone) || is_stressed_vowel(phone)) continue;
      gatherer.note(
          fmt::format("{}:{}: kept the digits of all phones: that of {} is not the stress of a vowel in the style of "
                      "the CMU dictionary",
                      path, e.line, files::shown(phone)));
      return Stress::keep;
    }
  }
  return Stress::cut;
}

}  // namespace

Dictionary read_dictionary(const std::filesystem::path& path, const DictionaryOptions& options) {
  const std::string name = path.string();
  Gatherer gatherer(name, options.on_bad_line, options.limit);
  std::vector<Entry> entries = read_entries(path, options, gatherer);
  leave_numbers_out(entries, name, gatherer);
  const Stress stress = options.stress == Stress::automatic ? style_of(entries, name, gatherer) : options.stress;
  std::unordered_set<std::string> seen;
  for (Entry& e : entries) {
    Pair pair{std::move(e.word), std::move(e.fields)};
    if (stress == Stress::cut) {
      for (std::string& phone : pair.target)
        if (is_stressed_vowel(phone)) phone.pop_back();
    }
    const std::string key = join(pair.source, options.letters) + ' ' + join(pair.target, Tokenizer::whitespace);
    const Line line{name, {}, e.line};
    if (seen.contains(key))
      gatherer.repeat();
    else if (gatherer.keep(std::move(pair), {line}, {line}))
      seen.insert(key);
  }
  return {{std::move(gatherer).finish("lines of WORD  PHONE PHONE ...")}, stress};
}

}  // namespace gradus::data
