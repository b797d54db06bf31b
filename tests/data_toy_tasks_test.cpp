#include <algorithm>
#include <cctype>
#include <limits>
#include <regex>
#include <set>
#include <string>

#include <gradus/autograd/foundation/error.h>
#include <gradus/data/toy_tasks.h>

#include "catch.h"

namespace gradus::data_toy_tasks_test {

using namespace gradus::data;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string text(const Tokens& tokens) { return join(tokens, Tokenizer::characters); }

std::set<std::string> sources(const Task& task) {
  std::set<std::string> all;
  for (const Pair& pair : task.pairs) all.insert(text(pair.source));
  return all;
}

}  // namespace

TEST_CASE("every task gives the requested pairs, and the same ones for the same seed") {
  CHECK(task_names() == std::vector<std::string>{"copy", "reverse", "sort", "add", "dates"});
  for (const std::string& name : task_names()) {
    CAPTURE(name);
    const Task task = make_task(name, {.count = 300, .seed = 5});
    CHECK(task.name == name);
    CHECK(task.pairs.size() == 300);
    const Task start = make_task(name, {.count = 100, .seed = 5});
    CHECK(std::equal(start.pairs.begin(), start.pairs.end(), task.pairs.begin()));
    CHECK_FALSE(make_task(name, {.count = 300, .seed = 6}).pairs == task.pairs);
  }
}

TEST_CASE("copy, reverse and sort are correct and have the given lengths") {
  for (const std::string name : {"copy", "reverse", "sort"}) {
    std::set<std::size_t> lengths;
    for (const Pair& pair : make_task(name, {.count = 2000, .min_length = 3, .max_length = 7}).pairs) {
      Tokens expected = pair.source;
      if (name == "reverse") std::reverse(expected.begin(), expected.end());
      if (name == "sort") std::sort(expected.begin(), expected.end());
      REQUIRE(pair.target == expected);
      lengths.insert(pair.source.size());
    }
    CHECK(lengths == std::set<std::size_t>{3, 4, 5, 6, 7});
  }
}

TEST_CASE("add writes sums of numbers without leading zeros") {
  for (const Pair& pair : make_task("add", {.count = 2000}).pairs) {
    const std::string source = text(pair.source);
    const std::size_t plus = source.find('+');
    const std::string a = source.substr(0, plus), b = source.substr(plus + 1);
    REQUIRE(text(pair.target) == std::to_string(std::stoll(a) + std::stoll(b)));
    REQUIRE((a == "0" || a[0] != '0'));
    REQUIRE((b == "0" || b[0] != '0'));
    REQUIRE(std::max(a.size(), b.size()) <= 4);
  }
  const Task large = make_task("add", {.count = 1, .min_length = 40, .max_length = 40});
  CHECK(large.pairs[0].source.size() == 81);
}

TEST_CASE("splits share no source, for all seeds") {
  for (const std::string& name : task_names()) {
    CAPTURE(name);
    const Index longest = name == "dates" ? 0 : 2;
    const auto train = sources(make_task(name, {.count = 4000, .max_length = longest, .seed = 1}));
    const auto valid =
        sources(make_task(name, {.count = 2000, .max_length = longest, .seed = 2, .split = Split::valid}));
    const auto test = sources(make_task(name, {.count = 2000, .max_length = longest, .seed = 3, .split = Split::test}));
    const auto share = [](const auto& a, const auto& b) {
      return std::any_of(a.begin(), a.end(), [&b](const std::string& s) { return b.count(s) != 0; });
    };
    CHECK_FALSE(share(train, valid));
    CHECK_FALSE(share(train, test));
    CHECK_FALSE(share(valid, test));
  }
}

TEST_CASE("a held-out day is held out in every form") {
  std::set<std::string> train;
  for (const Pair& pair : make_task("dates", {.count = 20000}).pairs) train.insert(text(pair.target));
  for (const Pair& pair : make_task("dates", {.count = 1000, .split = Split::test}).pairs)
    REQUIRE(train.count(text(pair.target)) == 0);
}

TEST_CASE("dates agree with an independent parser") {
  const std::string names = "janfebmaraprmayjunjulaugsepoctnovdec";
  const std::string days = "sunmontuewedthufrisat";
  const auto two_digits = [](int v) { return std::string(v < 10 ? "0" : "") + std::to_string(v); };
  const auto full_year = [](const std::string& y) {
    const int v = std::stoi(y);
    return y.size() == 4 ? v : v + (v >= 69 ? 1900 : 2000);
  };
  // The weekday of a date (Sakamoto), to check the weekdays in the sources.
  const auto weekday = [](int y, int m, int d) {
    constexpr int shift[] = {0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4};
    if (m < 3) --y;
    return (y + y / 4 - y / 100 + y / 400 + shift[m - 1] + d) % 7;
  };
  const std::string month = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\\.?";
  const std::string day = "(\\d{1,2})(?:st|nd|rd|th)?";
  const std::string year = "'?(\\d{4}|\\d{2})";
  const std::regex prefix("^(sun|mon|tue|wed|thu|fri|sat)[a-z]*,? (.*)$");
  const std::regex day_month_year("^(?:the )?" + day + "[ -]?(?:of )?" + month + ",?[ -]?" + year + "$");
  const std::regex month_day_year("^" + month + " (?:the )?" + day + ", " + year + "$");
  const std::regex year_month_day("^(\\d{4}) " + month + " " + day + "$");
  const std::regex year_day_month("^(\\d{4}), " + day + " " + month + "$");
  const std::regex slashes("^(\\d+)/(\\d+)/(\\d+)$");
  const std::regex dots("^(\\d+)[.-](\\d+)[.-](\\d+)$");
  const std::regex digits("^(\\d{4})(\\d{2})(\\d{2})$");
  std::set<std::string> shapes;
  int prefixed = 0;
  for (const Pair& pair : make_task("dates", {.count = 5000}).pairs) {
    const std::string source = text(pair.source);
    CAPTURE(source);
    std::string rest;
    for (const char c : source) rest += static_cast<char>(std::tolower(c));
    std::smatch m;
    std::string named_day;
    if (std::regex_match(rest, m, prefix)) {
      named_day = m[1];
      rest = std::string(m[2]);
      ++prefixed;
    }
    const auto month_number = [&names](const std::string& name) { return static_cast<int>(names.find(name)) / 3 + 1; };
    int y = 0, mo = 0, d = 0;
    if (std::regex_match(rest, m, day_month_year)) {
      d = std::stoi(m[1]), mo = month_number(m[2]), y = full_year(m[3]);
    } else if (std::regex_match(rest, m, month_day_year)) {
      mo = month_number(m[1]), d = std::stoi(m[2]), y = full_year(m[3]);
    } else if (std::regex_match(rest, m, year_month_day)) {
      y = full_year(m[1]), mo = month_number(m[2]), d = std::stoi(m[3]);
    } else if (std::regex_match(rest, m, year_day_month)) {
      y = full_year(m[1]), d = std::stoi(m[2]), mo = month_number(m[3]);
    } else if (std::regex_match(rest, m, slashes)) {
      const bool year_first = m[1].length() == 4;
      y = full_year(m[year_first ? 1 : 3]), mo = std::stoi(m[year_first ? 2 : 1]), d = std::stoi(m[year_first ? 3 : 2]);
    } else if (std::regex_match(rest, m, dots)) {
      const bool year_first = m[1].length() == 4;
      y = full_year(m[year_first ? 1 : 3]), mo = std::stoi(m[2]), d = std::stoi(m[year_first ? 3 : 1]);
    } else {
      REQUIRE(std::regex_match(rest, m, digits));
      y = std::stoi(m[1]), mo = std::stoi(m[2]), d = std::stoi(m[3]);
    }
    REQUIRE(text(pair.target) == std::to_string(y) + "-" + two_digits(mo) + "-" + two_digits(d));
    if (!named_day.empty()) REQUIRE(static_cast<int>(days.find(named_day)) / 3 == weekday(y, mo, d));
    std::string shape;
    for (const char c : rest) {
      const char kind = std::isdigit(c) ? '9' : std::isalpha(c) ? 'a' : c;
      if (shape.empty() || shape.back() != kind) shape += kind;
    }
    shapes.insert(shape);
  }
  CHECK(shapes.size() >= 15);
  CHECK(prefixed > 1000);
}

TEST_CASE("an impossible task gives the reason") {
  CHECK_THROWS_WITH(make_task("translate", {}),
                    ContainsSubstring("\"translate\"; choose one of copy, reverse, sort, add, dates"));
  CHECK_THROWS_WITH(make_task("copy", {.count = 0}), ContainsSubstring("the count is 0"));
  CHECK_THROWS_WITH(make_task("copy", {.count = std::numeric_limits<Index>::max()}),
                    ContainsSubstring("expected 1 to 100000000"));
  CHECK_THROWS_WITH(make_task("copy", {.min_length = 5, .max_length = 4}), ContainsSubstring("lengths are 5 to 4"));
  CHECK_THROWS_AS(make_task("copy", {.min_length = 0}), Error);
  CHECK_THROWS_AS(make_task("copy", {.max_length = 100000}), Error);
}

}  // namespace gradus::data_toy_tasks_test
