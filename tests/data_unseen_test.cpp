#include <gradus/data/unseen.h>

#include "catch.h"

namespace gradus::data_unseen_test {

using namespace gradus::data;

TEST_CASE("tokens that the vocabulary does not have are counted, the commonest first") {
  const Vocabulary known = Vocabulary::build(TokenCounts{{"a", 1}, {"b", 1}});
  CHECK(unseen_tokens({{"a", 3}, {"b", 2}}, known, "dev.tsv", "source").empty());
  CHECK(unseen_tokens({}, known, "dev.tsv", "source").empty());
  CHECK(unseen_tokens({{"a", 995}, {"ế", 3}, {"\u0301", 1}, {"c", 1}}, known, "dev.tsv", "source") ==
        "dev.tsv: 5 of 1000 source tokens (0.5 %) are not in the vocabulary: \"ế\" 3, \"c\" 1, U+0301 1");
  CHECK(unseen_tokens({{"a", 10000}, {"x", 1}}, known, "f", "target") ==
        "f: 1 of 10001 target tokens (under 0.1 %) are not in the vocabulary: \"x\" 1");
  CHECK(unseen_tokens({{"<unk>", 1}}, known, "f", "target") ==
        "f: 1 of 1 target tokens (100.0 %) are not in the vocabulary: \"<unk>\" 1");
}

TEST_CASE("a feature is named as one") {
  CHECK(unseen_tokens({{"\tPST", 1}}, Vocabulary(), "f", "source") ==
        "f: 1 of 1 source tokens (100.0 %) are not in the vocabulary: the feature \"PST\" 1");
}

TEST_CASE("unseen sub-words are counted as pieces of the counted words") {
  const Vocabulary known(SubWords::learn({{"ab", "ba"}}, SubWordModel::bpe, 3, "texts"));
  CHECK(unseen_tokens({{"abxy", 2}}, known, "f", "source") ==
        "f: 2 of 8 source tokens (25.0 %) are not in the vocabulary: \"xy\" 2");
}

TEST_CASE("only the five commonest of them are named") {
  const TokenCounts counts = {{"1", 1}, {"2", 2}, {"3", 3}, {"4", 4}, {"5", 5}, {"6", 6}, {"7", 7}};
  CHECK(
      unseen_tokens(counts, Vocabulary(), "f", "source") ==
      "f: 28 of 28 source tokens (100.0 %) are not in the vocabulary: \"7\" 7, \"6\" 6, \"5\" 5, \"4\" 4, \"3\" 3 and "
      "2 others");
}

}  // namespace gradus::data_unseen_test
