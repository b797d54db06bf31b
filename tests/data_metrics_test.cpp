#include <gradus/autograd/foundation/error.h>
#include <gradus/data/metrics.h>
#include <gradus/data/references.h>

#include "catch.h"

namespace gradus::data_metrics_test {

using namespace gradus::data;
using Catch::Matchers::ContainsSubstring;

namespace {

Tokens letters(std::string_view text) { return tokenize(text, Tokenizer::characters); }

}  // namespace

TEST_CASE("the edit distance counts insertions, deletions and substitutions") {
  CHECK(edit_distance(letters("kitten"), letters("sitting")) == 3);
  CHECK(edit_distance(letters("intention"), letters("execution")) == 5);
  CHECK(edit_distance(letters(""), letters("abc")) == 3);
  CHECK(edit_distance(letters("abc"), letters("")) == 3);
  CHECK(edit_distance(letters("abc"), letters("abc")) == 0);
  CHECK(edit_distance({"AA", "K"}, {"AAK"}) == 2);
}

TEST_CASE("pairs with the same source become one set, in order of appearance") {
  const auto sets = group_references({{{"b"}, {"1"}}, {{"a"}, {"2"}}, {{"b"}, {"3"}}, {{"b"}, {"1"}}});
  REQUIRE(sets.size() == 2);
  CHECK(sets[0].source == Tokens{"b"});
  CHECK(sets[0].references == std::vector<Tokens>{{"1"}, {"3"}});
  CHECK(sets[1].source == Tokens{"a"});
  CHECK(sets[1].references == std::vector<Tokens>{{"2"}});
  // Sets depend on the tokens, not on the joined text.
  CHECK(group_references({{{"a", "b"}, {"1"}}, {{"ab"}, {"1"}}}).size() == 2);
}

TEST_CASE("a hypothesis is scored against its nearest reference") {
  const std::vector<ReferenceSet> sets = {
      {{"x"}, {letters("abcd"), letters("xy")}}, {{"y"}, {letters("abc")}}, {{"z"}, {letters("ab"), letters("q")}}};
  const Score result = score({letters("xy"), letters("abd"), {}}, sets);
  CHECK(result.pairs == 3);
  CHECK(result.exact == 1);
  CHECK(result.edits == 0 + 1 + 1);
  CHECK(result.reference_tokens == 2 + 3 + 1);
  CHECK(result.sequence_error_rate == Approx(2.0 / 3));
  CHECK(result.token_error_rate == Approx(2.0 / 6));
}

TEST_CASE("the first of equally near references counts") {
  const std::vector<ReferenceSet> sets = {{{"x"}, {letters("abc"), letters("a")}}};
  CHECK(score({letters("ab")}, sets).reference_tokens == 3);
}

TEST_CASE("a score needs a hypothesis for each source and a reference in each set") {
  CHECK_THROWS_WITH(score({{}}, {}), ContainsSubstring("1 hypotheses for 0 sources"));
  CHECK_THROWS_WITH(score({}, {}), ContainsSubstring("nothing to score"));
  CHECK_THROWS_WITH(score({{}}, {{{"x"}, {}}}), ContainsSubstring("source 1 has no reference"));
}

}  // namespace gradus::data_metrics_test
