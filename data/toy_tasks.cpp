#include <gradus/data/toy_tasks.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include <gradus/autograd/foundation/error.h>
#include <gradus/autograd/foundation/internal/fnv1a.h>
#include <gradus/data/internal/draws.h>
#include <gradus/data/unicode.h>

namespace gradus::data {
namespace {

struct Example {
  std::string source;
  std::string target;
  std::string key;  // decides the split
};

struct Lengths {
  Index min;
  Index max;

  Index draw(Draws& draws) const { return min + draws.below(max - min + 1); }
};

std::string draw_letters(Draws& draws, Index length) {
  std::string letters;
  for (Index i = 0; i < length; ++i) letters += static_cast<char>('a' + draws.below(26));
  return letters;
}

Example draw_copy(Draws& draws, Lengths lengths) {
  const std::string letters = draw_letters(draws, lengths.draw(draws));
  return {letters, letters, letters};
}

Example draw_reverse(Draws& draws, Lengths lengths) {
  const std::string letters = draw_letters(draws, lengths.draw(draws));
  return {letters, std::string(letters.rbegin(), letters.rend()), letters};
}

Example draw_sort(Draws& draws, Lengths lengths) {
  const std::string letters = draw_letters(draws, lengths.draw(draws));
  std::string sorted = letters;
  std::sort(sorted.begin(), sorted.end());
  return {letters, sorted, letters};
}

std::string draw_number(Draws& draws, Index length) {
  std::string digits;
  for (Index i = 0; i < length; ++i) {
    const Index least = i == 0 && length > 1 ? 1 : 0;
    digits += static_cast<char>('0' + least + draws.below(10 - least));
  }
  return digits;
}

std::string sum(const std::string& a, const std::string& b) {
  std::string digits;
  int carry = 0;
  for (std::size_t i = 0; i < std::max(a.size(), b.size()) || carry != 0; ++i) {
    if (i < a.size()) carry += a[a.size() - 1 - i] - '0';
    if (i < b.size()) carry += b[b.size() - 1 - i] - '0';
    digits += static_cast<char>('0' + carry % 10);
    carry /= 10;
  }
  return {digits.rbegin(), digits.rend()};
}

Example draw_add(Draws& draws, Lengths lengths) {
  const std::string a = draw_number(draws, lengths.draw(draws));
  const std::string b = draw_number(draws, lengths.draw(draws));
  return {a + "+" + b, sum(a, b), std::min(a, b) + "+" + std::max(a, b)};
}

constexpr std::array<std::string_view, 12> months = {"January",   "February", "March",    "April",
                                                     "May",       "June",     "July",     "August",
                                                     "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> weekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                      "Thursday", "Friday", "Saturday"};

// d 3, dd 03, nth 3rd; m 3, mm 03, mon Mar, month March; y 1987, yy 87.
constexpr std::array<std::string_view, 17> worded_forms = {
    "{d} {month} {y}",      "{nth} {month} {y}",  "{nth} of {month} {y}",   "the {nth} of {month}, {y}",
    "{month} {d}, {y}",     "{month} {nth}, {y}", "{month} the {nth}, {y}", "{mon} {d}, {y}",
    "{mon}. {d}, {y}",      "{d} {mon} {y}",      "{d}-{mon}-{y}",          "{dd}{mon}{y}",
    "{y} {month} {d}",      "{y}, {nth} {month}", "{mon} {d}, {yy}",        "{d} {mon} '{yy}",
    "{nth} of {month} {yy}"};
constexpr std::array<std::string_view, 8> numeric_forms = {"{mm}/{dd}/{y}", "{m}/{d}/{yy}",  "{dd}.{mm}.{y}",
                                                           "{d}.{m}.{yy}",  "{dd}-{mm}-{y}", "{y}/{mm}/{dd}",
                                                           "{y}-{mm}-{dd}", "{y}{mm}{dd}"};

bool has_short_year(std::string_view form) { return form.find("{yy}") != std::string_view::npos; }

std::string_view ordinal_ending(unsigned day) {
  if (day / 10 == 1) return "th";
  return day % 10 == 1 ? "st" : day % 10 == 2 ? "nd" : day % 10 == 3 ? "rd" : "th";
}

std::string_view draw_form(Draws& draws, int year) {
  constexpr Index worded = std::ssize(worded_forms);
  while (true) {
    const Index choice = draws.below(worded + std::ssize(numeric_forms));
    const std::string_view form = choice < worded ? worded_forms[static_cast<std::size_t>(choice)]
                                                  : numeric_forms[static_cast<std::size_t>(choice - worded)];
    if (!has_short_year(form) || (year >= 1969 && year <= 2068)) return form;
  }
}

std::string draw_weekday(Draws& draws, std::string_view name) {
  switch (draws.below(6)) {
    case 0:
      return fmt::format("{}, ", name);
    case 1:
      return fmt::format("{} ", name.substr(0, 3));
    default:
      return "";
  }
}

std::string uppercase(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return text;
}

std::string draw_case(Draws& draws, const std::string& text) {
  switch (draws.below(4)) {
    case 0:
      return lowercase(text);
    case 1:
      return uppercase(text);
    default:
      return text;
  }
}

Example draw_date(Draws& draws, Lengths /*none*/) {
  using namespace std::chrono;
  constexpr sys_days first = year{1900} / January / 1;
  constexpr sys_days end = year{2100} / January / 1;
  const sys_days day = first + days(draws.below((end - first).count()));
  const year_month_day date = day;
  const int y = static_cast<int>(date.year());
  const unsigned m = static_cast<unsigned>(date.month());
  const unsigned d = static_cast<unsigned>(date.day());
  const std::string_view month = months[m - 1];
  const std::string text =
      fmt::format(fmt::runtime(draw_form(draws, y)), fmt::arg("y", y), fmt::arg("yy", fmt::format("{:02}", y % 100)),
                  fmt::arg("m", m), fmt::arg("mm", fmt::format("{:02}", m)), fmt::arg("mon", month.substr(0, 3)),
                  fmt::arg("month", month), fmt::arg("d", d), fmt::arg("dd", fmt::format("{:02}", d)),
                  fmt::arg("nth", fmt::format("{}{}", d, ordinal_ending(d))));
  const std::string prefix = draw_weekday(draws, weekdays[weekday(day).c_encoding()]);
  const std::string iso = fmt::format("{:04}-{:02}-{:02}", y, m, d);
  return {draw_case(draws, prefix + text), iso, iso};
}

struct Recipe {
  std::string_view name;
  Example (*draw)(Draws&, Lengths);
  Index max_length;
  Index training_pairs;
};

constexpr std::array<Recipe, 5> recipes = {{
    {"copy", draw_copy, 12, 20000},
    {"reverse", draw_reverse, 12, 20000},
    {"sort", draw_sort, 12, 20000},
    {"add", draw_add, 4, 100000},
    {"dates", draw_date, 1000, 20000},
}};

/// FNV-1a, then mixed so that the last bits depend on every byte.
std::uint64_t hash(std::string_view text) {
  std::uint64_t h = fnv1a(text);
  h = (h ^ (h >> 33)) * 0xFF51AFD7ED558CCD;
  h = (h ^ (h >> 33)) * 0xC4CEB9FE1A85EC53;
  return h ^ (h >> 33);
}

Split split_of(std::string_view key) {
  const std::uint64_t tenth = hash(key) % 10;
  return tenth == 0 ? Split::valid : tenth == 1 ? Split::test : Split::train;
}

const Recipe& recipe_of(std::string_view name) {
  const auto recipe = std::find_if(recipes.begin(), recipes.end(), [name](const Recipe& r) { return r.name == name; });
  if (recipe == recipes.end())
    throw Error(fmt::format("there is no task \"{}\"; choose one of {}", name, fmt::join(task_names(), ", ")));
  return *recipe;
}

}  // namespace

Index longest_of_task(std::string_view name) { return recipe_of(name).max_length; }

Index training_pairs_of_task(std::string_view name) { return recipe_of(name).training_pairs; }

Task make_task(std::string_view name, const TaskOptions& options) {
  const Recipe& recipe = recipe_of(name);
  const Lengths lengths{options.min_length, options.max_length == 0 ? recipe.max_length : options.max_length};
  constexpr Index most_pairs = 100'000'000;
  if (options.count < 1 || options.count > most_pairs)
    throw Error(fmt::format("task {}: the count is {}; expected 1 to {}", name, options.count, most_pairs));
  if (lengths.min < 1 || lengths.max < lengths.min || lengths.max > 1000) {
    throw Error(fmt::format("task {}: the lengths are {} to {}; expected 1 <= min <= max <= 1000", name, lengths.min,
                            lengths.max));
  }
  constexpr int most_misses = 10000;
  Draws draws(options.seed, Purpose::toy_task, static_cast<std::uint64_t>(options.split));
  Task task{.name = std::string(name), .pairs = {}};
  int misses = 0;
  while (std::ssize(task.pairs) < options.count) {
    const Example example = recipe.draw(draws, lengths);
    if (split_of(example.key) == options.split) {
      task.pairs.push_back(
          {tokenize(example.source, task.source_tokens), tokenize(example.target, task.target_tokens)});
      misses = 0;
    } else if (++misses == most_misses) {
      throw Error(fmt::format("task {}: no source of length {} to {} is in this split; allow longer ones", name,
                              lengths.min, lengths.max));
    }
  }
  return task;
}

std::vector<std::string> task_names() {
  std::vector<std::string> names;
  for (const Recipe& recipe : recipes) names.emplace_back(recipe.name);
  return names;
}

}  // namespace gradus::data
