#include <fmt/format.h>

#include <fstream>
#include <functional>
#include <limits>

#include <nlohmann/json.hpp>

#include <gradus/autograd/foundation/error.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/data/bleu.h>
#include <gradus/data/bootstrap.h>
#include <gradus/data/chrf.h>
#include <gradus/data/confusions.h>
#include <gradus/data/error_rates.h>
#include <gradus/data/metrics.h>
#include <gradus/data/unicode.h>

#include "catch.h"

namespace gradus::data_measures_test {

using namespace gradus::data;
using Catch::Matchers::ContainsSubstring;

namespace {

Tokens words(std::string_view text) { return tokenize(text, Tokenizer::whitespace); }

Texts lowered(Texts texts) {
  for (std::string& text : texts.outputs) text = lowercase(text);
  for (auto& own : texts.references)
    for (std::string& text : own) text = lowercase(text);
  return texts;
}

// Outputs of two systems and their references.
struct Systems {
  std::vector<Tokens> a, b;
  std::vector<ReferenceSet> sets;

  // The first system has `wrong` wrong outputs of n, the second the last of these alone.
  Systems(std::size_t n, std::size_t wrong) {
    for (std::size_t i = 0; i < n; ++i) {
      sets.push_back({{"s"}, {words("x y z")}});
      a.push_back(words(i < wrong ? "x q" : "x y z"));
      b.push_back(words(i + 1 == wrong ? "x q z" : "x y z"));
    }
  }

  std::vector<Measure> of(const std::vector<Tokens>& outputs) const {
    return {sequence_error_rate(outputs, sets), token_error_rate(outputs, sets)};
  }
};

}  // namespace

TEST_CASE("BLEU and chrF of plain cases are those of sacreBLEU") {
  struct Case {
    const char* name;
    std::vector<std::string> outputs;
    std::vector<std::vector<std::string>> references;
    double bleu, chrf;
  };
  const Case cases[] = {
      {"equal", {"the cat sat on the mat"}, {{"the cat sat on the mat"}}, 100, 100},
      {"one word differs",
       {"the cat sat on a mat today"},
       {{"the cat sat on the mat today"}},
       48.89230224,
       72.27225739},
      {"short output", {"the cat sat on"}, {{"the cat sat on the mat"}}, 60.65306597, 63.34974535},
      {"no 4-gram in common", {"a b c x d e f"}, {{"a b c d e f g"}}, 41.11336169, 32.06349206},
      {"no word in common", {"aa bb cc dd"}, {{"ee ff gg hh"}}, 0, 0},
      {"three words", {"a b c"}, {{"a b c"}}, 0, 100},
      {"empty output", {""}, {{"a b c d"}}, 0, 0},
      {"signs",
       {"He said: \"1,000.50 -- no!\" (3-4), it's A.B..C, x&lt;y"},
       {{"He said \"1,000.50 - no\" (3-4) it's A.B..C, x < y."}},
       62.13535749,
       65.49868389},
      {"two references",
       {"the cat is on the mat now", "it is a dog , I think"},
       {{"there is a cat on the mat now", "the cat is on a mat"}, {"it is a dog, I guess", "that is a dog I think"}},
       82.54605647,
       62.73337586},
      {"unequal references",
       {"ein Haus am See ist schön", "ça va bien , merci"},
       {{"ein Haus am See ist sehr schön"}, {"ça va très bien, merci", "ça va"}},
       54.13856439,
       69.53899326},
      {"letters", {"καλημέρα κόσμε", "größer"}, {{"καλημερα κόσμε"}, {"grösser", "größe"}}, 0, 66.15238903},
      {"white space", {"a\u3000b\u00a0c d\te"}, {{"a b c d e"}}, 100, 100},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(value(bleu({c.outputs, c.references})) == Approx(c.bleu).epsilon(1e-9));
    CHECK(value(chrf({c.outputs, c.references})) == Approx(c.chrf).epsilon(1e-9));
  }
}

// tests/reference/compare_sacrebleu.py --cases printed the file.
TEST_CASE("BLEU, chrF and chrF++ of many scripts, signs and references are those of sacreBLEU to 4 decimals") {
  std::ifstream file("tests/data/sacrebleu.jsonl");
  int sets = 0;
  for (std::string line; std::getline(file, line); ++sets) {
    const auto set = nlohmann::json::parse(line);
    const Texts texts{set["outputs"], set["references"]}, lower = lowered(texts);
    CAPTURE(set["name"]);
    const auto check = [&](const char* key, const Measure& measure) {
      CAPTURE(key);
      CHECK(std::abs(value(measure) - set["scores"][key].get<double>()) < 0.00001);
    };
    check("13a", bleu(texts));
    check("intl", bleu(texts, BleuTokens::international));
    check("zh", bleu(texts, BleuTokens::chinese));
    check("char", bleu(texts, BleuTokens::characters));
    check("none", bleu(texts, BleuTokens::none));
    check("chrf", chrf(texts));
    check("chrf_plus_plus", chrf(texts, 2));
    check("bleu_lc", bleu(lower));
    check("chrf_lc", chrf(lower));
    check("chrf_plus_plus_lc", chrf(lower, 2));
  }
  CHECK(sets == 20);
}

TEST_CASE("a signature has the options, the numbers of references and the bootstrap") {
  const Texts texts{{"a", "b"}, {{"a"}, {"b"}}};
  CHECK(signature(bleu(texts, BleuTokens::none), texts, false, 0, 1, "1.2.3") ==
        "nrefs:1|case:mixed|eff:no|tok:none|smooth:exp|version:gradus-1.2.3");
  const Texts unequal{{"a", "b"}, {{"a"}, {"b", "c"}}};
  CHECK(signature(chrf(unequal, 2), unequal, true, 500, 7, "1") ==
        "nrefs:var|bs:500|seed:7|case:lc|eff:yes|nc:6|nw:2|space:no|version:gradus-1");
}

TEST_CASE("word and character error rates count edits to the nearest reference") {
  const Texts texts{{"the cat  sat", ""}, {{"a cat sat on it", "the cat sat\u00a0down"}, {"né"}}};
  CHECK(value(word_error_rate(texts)) == Approx((1 + 1) / 5.0));        // "down", "né"
  CHECK(value(character_error_rate(texts)) == Approx((6 + 2) / 18.0));  // a space less and " down" more, "né"
  const Texts none{{"a b"}, {{""}}};
  CHECK(value(word_error_rate(none)) == 2);
}

TEST_CASE("sequence and token error rates are those of the score") {
  const Systems systems(10, 3);
  CHECK(value(sequence_error_rate(systems.a, systems.sets)) == Approx(3.0 / 10));
  CHECK(value(token_error_rate(systems.a, systems.sets)) == Approx(6.0 / 30));
}

TEST_CASE("an interval holds what samples of the outputs give, the same at any number of threads") {
  const Systems systems(100, 20);
  const std::vector<Measure> measures = systems.of(systems.a);
  const int before = threads();
  const Interval found = intervals(measures, {.samples = 400, .seed = 3})[0];
  // The standard deviation of the share is sqrt(0.2 * 0.8 / 100) = 0.04.
  CHECK(found.low == Approx(0.2 - 1.96 * 0.04).margin(0.02));
  CHECK(found.high == Approx(0.2 + 1.96 * 0.04).margin(0.02));
  for (const int n : {1, 3}) {
    set_threads(n);
    const std::vector<Interval> again = intervals(measures, {.samples = 400, .seed = 3});
    CHECK(again[0].low == found.low);
    CHECK(again[0].high == found.high);
    // Two of three tokens are wrong in each wrong output, and all measures are sampled together.
    CHECK(again[1].low == Approx(found.low * 2 / 3));
  }
  set_threads(before);
  const Systems equal(10, 0);
  const Interval none = intervals(equal.of(equal.a), {.samples = 10, .seed = 1})[0];
  CHECK(none.low == 0);
  CHECK(none.high == 0);
  const Interval one = intervals(measures, {.samples = 1, .seed = 1})[0];
  CHECK(one.low == one.high);
}

TEST_CASE("the paired test separates systems that differ, and no others") {
  const Systems systems(100, 20);
  const auto a = systems.of(systems.a), b = systems.of(systems.b);
  const std::vector<Difference> found = differences(a, b, {.samples = 200, .seed = 1});
  CHECK(found[0].value == Approx(0.01 - 0.20));
  CHECK(found[0].interval.low < -0.19);
  CHECK(found[0].interval.high > -0.19);
  CHECK(found[0].interval.high < 0);
  CHECK(found[0].p == Approx(1.0 / 201));
  const Difference self = differences(a, a, {.samples = 50, .seed = 1})[0];
  CHECK(self.value == 0);
  CHECK(self.interval.high == 0);
  CHECK(self.p == 1);
}

TEST_CASE("the p value is the share of exchanges that make as large a difference") {
  // Three outputs are better by one, the others are alike: the difference is as large if all or none are exchanged,
  // 1/4.
  const Systems systems(12, 3);
  const std::vector<Tokens> right(12, words("x y z"));
  CHECK(differences(systems.of(systems.a), systems.of(right), {.samples = 4000, .seed = 2})[0].p ==
        Approx(0.25).margin(0.03));
  // An exchange of the only output that differs changes the sign alone.
  const Systems one(12, 1);
  CHECK(differences(one.of(one.a), one.of(right), {.samples = 50, .seed = 1})[0].p == 1);
}

TEST_CASE("measures of other outputs, other measures and no samples are refused") {
  const Systems few(3, 1), many(4, 1);
  const auto a = few.of(few.a), b = many.of(many.a);
  CHECK_THROWS_WITH(differences(a, b, {}), ContainsSubstring("sequence_error_rate has 4 outputs, sequence_error_rate "
                                                             "has 3; expected measures of the same outputs"));
  CHECK_THROWS_WITH(differences(a, {a[1], a[0]}, {}), ContainsSubstring("expected the same measures of both"));
  CHECK_THROWS_WITH(intervals(a, {.samples = 0}), ContainsSubstring("0 bootstrap samples; expected at least 1"));
  CHECK_THROWS_WITH(intervals(a, {.samples = std::numeric_limits<Index>::max()}),
                    ContainsSubstring("expected at most"));
  CHECK(intervals({}, {}).empty());
  CHECK(differences({}, {}, {}).empty());
}

TEST_CASE("confusions are the edits of an alignment with the nearest reference, most frequent first") {
  const std::vector<ReferenceSet> sets = {{{"s"}, {words("q q q q"), words("a b c")}},
                                          {{"s"}, {words("a b c")}},
                                          {{"s"}, {words("a b c")}},
                                          {{"s"}, {words("a b")}}};
  const std::vector<Tokens> outputs = {words("a x c"), words("x c"), words("a b d c"), words("a x")};
  const std::vector<Confusion> all = confusions(outputs, sets, 100);
  CHECK(all == std::vector<Confusion>{{"b", "x", 3}, {"", "d", 1}, {"a", "", 1}});
  CHECK(confusions(outputs, sets, 1) == std::vector<Confusion>{{"b", "x", 3}});
  Index edits = 0;
  for (const Confusion& c : all) edits += c.count;
  CHECK(score(outputs, sets).edits == edits);
  CHECK(confusions({{}}, {{{"s"}, {words("a")}}}, 5) == std::vector<Confusion>{{"a", "", 1}});
  CHECK(confusions({words("a")}, {{{"s"}, {words("a")}}}, 5).empty());
  CHECK_THROWS_WITH(confusions({}, {}, 5), ContainsSubstring("nothing to score"));
}

TEST_CASE("a measure needs an output and a reference for each source") {
  const std::vector<std::function<Measure(const Texts&)>> all = {word_error_rate, character_error_rate,
                                                                 [](const Texts& texts) { return bleu(texts); },
                                                                 [](const Texts& texts) { return chrf(texts); }};
  for (const auto& measure : all) {
    CHECK_THROWS_WITH(measure({}), ContainsSubstring("nothing to score"));
    CHECK_THROWS_WITH(measure({{"a"}, {}}), ContainsSubstring("1 outputs for 0 sources"));
    CHECK_THROWS_WITH(measure({{"a", "b"}, {{"a"}, {}}}), ContainsSubstring("source 2 has no reference"));
  }
  for (const auto measure : {sequence_error_rate, token_error_rate})
    CHECK_THROWS_WITH(measure({{}}, {{{"x"}, {}}}), ContainsSubstring("source 1 has no reference"));
}

TEST_CASE("a measure whose counts do not fit its columns is refused") {
  Measure whole;
  whole.name = "mine";
  whole.columns = 2;
  whole.counts = {1, 2, 3, 4};
  whole.value_of_sums = [](const std::vector<Index>& sums) { return static_cast<double>(sums[0]); };
  CHECK(value(whole) == 4);
  Measure ragged = whole, no_columns = whole, negative = whole, no_counts = whole, no_value = whole;
  ragged.counts.pop_back();
  no_columns.columns = 0;
  negative.columns = -1;
  no_counts.counts.clear();
  no_value.value_of_sums = nullptr;
  const std::pair<Measure, const char*> cases[] = {
      {{}, "the measure '' has 0 columns; expected at least 1"},
      {ragged, "the measure 'mine' has 3 counts; expected 2 for each output"},
      {no_columns, "has 0 columns"},
      {negative, "has -1 columns"},
      {no_counts, "has 0 counts; expected 2 for each output, and at least one output"},
      {no_value, "has no value_of_sums"}};
  for (const auto& [measure, message] : cases) {
    CHECK_THROWS_WITH(value(measure), ContainsSubstring(message));
    CHECK_THROWS_WITH(measure.outputs(), ContainsSubstring(message));
    CHECK_THROWS_WITH(intervals({measure}, {.samples = 3}), ContainsSubstring(message));
    CHECK_THROWS_WITH(differences({measure}, {measure}, {.samples = 3}), ContainsSubstring(message));
  }
  CHECK_THROWS_WITH(intervals({whole, ragged}, {.samples = 3}), ContainsSubstring("has 3 counts"));
}

TEST_CASE("a signature needs texts, and chrF a length of words that is in range") {
  const Texts texts{{"a b c"}, {{"a b c"}}};
  CHECK_THROWS_WITH(signature(chrf(texts), {}, false, 0, 1, "1"), ContainsSubstring("there is nothing to score"));
  for (const Index words : {Index{-1}, Index{-7}, Index{101}, std::numeric_limits<Index>::max()})
    CHECK_THROWS_WITH(chrf(texts, words), ContainsSubstring(fmt::format("chrf: words is {}; expected", words)));
}

}  // namespace gradus::data_measures_test
