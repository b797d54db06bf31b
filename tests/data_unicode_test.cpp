#include <string>

#include <gradus/autograd/foundation/error.h>
#include <gradus/data/dictionary.h>
#include <gradus/data/unicode.h>

#include "catch.h"
#include "data_scratch.h"

namespace gradus::data_unicode_test {

using namespace gradus::data;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("a text has the same normal form however it was composed") {
  const std::string composed = "Ti\u1EBFng Vi\u1EC7t", decomposed = "Tie\u0302\u0301ng Vie\u0323\u0302t";
  for (const std::string& text : {composed, decomposed}) {
    CHECK(normalize(text, UnicodeForm::none) == text);
    CHECK(normalize(text, UnicodeForm::nfc) == composed);
    CHECK(normalize(text, UnicodeForm::nfd) == decomposed);
    CHECK(normalize(text, UnicodeForm::nfkc) == composed);
  }
  CHECK(normalize("", UnicodeForm::nfc).empty());
  CHECK(normalize("plain", UnicodeForm::nfd) == "plain");
}

TEST_CASE("marks are put in canonical order, and composed where Unicode allows it") {
  CHECK(normalize("e\u0302\u0323", UnicodeForm::nfd) == "e\u0323\u0302");
  CHECK(normalize("e\u0302\u0323", UnicodeForm::nfc) == "\u1EC7");
  CHECK(normalize("\u0323\u0302 q\u0307\u0323", UnicodeForm::nfc) == "\u0323\u0302 q\u0323\u0307");
  CHECK(normalize("\u0958", UnicodeForm::nfc) == "\u0915\u093C");  // excluded from composition
  CHECK(normalize("\u212B", UnicodeForm::nfc) == "\u00C5");
}

TEST_CASE("Hangul syllables become letters in nfd and syllables in nfc") {
  CHECK(normalize("\uD55C\uAE00", UnicodeForm::nfd) == "\u1112\u1161\u11AB\u1100\u1173\u11AF");
  CHECK(normalize("\u1112\u1161\u11AB\u1100\u1173\u11AF", UnicodeForm::nfc) == "\uD55C\uAE00");
}

TEST_CASE("only nfkc replaces compatibility characters") {
  const std::string text = "\uFB01\uFF21\u00B2";
  CHECK(normalize(text, UnicodeForm::nfc) == text);
  CHECK(normalize(text, UnicodeForm::nfd) == text);
  CHECK(normalize(text, UnicodeForm::nfkc) == "fiA2");
  CHECK(normalize("\uFDFA", UnicodeForm::nfkc).size() == 33);  // the longest decomposition: 18 code points
}

TEST_CASE("text that is not UTF-8 has no normal form") {
  CHECK_THROWS_WITH(normalize("é\xE9", UnicodeForm::none), ContainsSubstring("column 2: byte 0xE9 is not UTF-8"));
  CHECK_THROWS_AS(lowercase("\xC3"), gradus::Error);
  CHECK_THROWS_AS(graphemes("a\xED\xA0\x80"), gradus::Error);
}

TEST_CASE("a line of marks in falling order is sorted, not in quadratic time") {
  std::string marks, sorted;
  for (int i = 0; i < 200'000; ++i) marks += "\u0301\u0323";
  for (int i = 0; i < 200'000; ++i) sorted += "\u0323";
  for (int i = 0; i < 200'000; ++i) sorted += "\u0301";
  CHECK(normalize(marks, UnicodeForm::nfd) == sorted);
}

TEST_CASE("lower case covers every script with case") {
  CHECK(lowercase("AZ'ÀÞ×ŸŁŽĐ ΆΣΏ ЁЯ ß漢😀") == "az'àþ×ÿłžđ άσώ ёя ß漢😀");
  CHECK(lowercase("ĀĲĸĹňŉŊŹſ ΈΊΌΎϏЀЏ") == "āĳĸĺňŉŋźſ έίόύϗѐџ");
  CHECK(lowercase("ՀԱՅԵՐԵՆ Եւ") == "հայերեն եւ");                      // Armenian
  CHECK(lowercase("ᲙᲐᲠᲘ Ⴉ Ꭰ") == "კარი ⴉ ꭰ");  // Georgian, old Georgian, Cherokee
  CHECK(lowercase("\U00010400 ẞ Ǆ") == "\U00010428 ß ǆ");              // Deseret, sharp s, a digraph
  CHECK(lowercase("already lower é") == "already lower é");
}

TEST_CASE("a capital i with a dot keeps its dot") { CHECK(lowercase("İZ") == "i\u0307z"); }

TEST_CASE("a sigma is final at the end of a word alone") {
  CHECK(lowercase("ΟΔΥΣΣΕΥΣ ΣΑΣ Σ") == "οδυσσευς σας σ");
  CHECK(lowercase("ΑΣ.Β ΑΣ. Α\u0301Σ\u0301 'Σ ΣΑ") == "ασ.β ας. α\u0301ς\u0301 'σ σα");
  CHECK(lowercase("aΣ1 ǅΣ ʰΣ ⅣΣ ⒶΣ ⓐΣ") == "aς1 ǆς ʰσ ⅳς ⓐς ⓐς");
}

TEST_CASE("text is prepared alike in every form") {
  for (const UnicodeForm form : {UnicodeForm::nfc, UnicodeForm::nfd, UnicodeForm::nfkc}) {
    CHECK(prepare("TI\u1EBENG", form, true) == prepare("TIE\u0302\u0301NG", form, true));
    CHECK(prepare("\u212A", form, true) == "k");
    CHECK(prepare("İ", form, true) == "i\u0307");
  }
  CHECK(prepare("\u210B", UnicodeForm::nfkc, true) == "h");
  CHECK(prepare("E\u0301", UnicodeForm::none, true) == "e\u0301");
  CHECK(prepare("E\u0301", UnicodeForm::nfc, false) == "\u00C9");
}

TEST_CASE("a text of marks or white space is shown as its code points in messages") {
  CHECK(quoted("ế") == "\"ế\"");
  CHECK(quoted(" ") == "\" \"");
  CHECK(quoted("a b") == "\"a b\"");
  CHECK(quoted("\u0301") == "U+0301");
  CHECK(quoted("\u0903") == "U+0903");
  CHECK(quoted("\u20DDa") == "U+20DD U+0061");
  CHECK(quoted("a\u00A0") == "U+0061 U+00A0");
  CHECK(quoted("\x1B") == "U+001B");
  CHECK(quoted("") == "");
}

TEST_CASE("the width of a text is that on a terminal") {
  CHECK(width("abc") == 3);
  CHECK(width("e\u0302\u0301") == 1);
  CHECK(width("漢字") == 4);
  CHECK(width("é\xE9") == 2);
  CHECK(width("") == 0);
}

TEST_CASE("each reader brings its text into the Unicode form") {
  const Scratch scratch;
  const Tokens composed = {"\u00E9"}, decomposed = {"e", "\u0301"};
  const auto pairs = scratch.write("p.tsv", "e\u0301\t\u00E9\n");
  const auto side = scratch.write("side", "e\u0301\n");
  const auto words = scratch.write("words", "E\u0301 \u00E9\n");
  const PairOptions nfc{.target_tokens = Tokenizer::characters};
  const PairOptions nfd{.target_tokens = Tokenizer::characters, .unicode = UnicodeForm::nfd};
  const PairOptions none{.target_tokens = Tokenizer::characters, .unicode = UnicodeForm::none};
  CHECK(read_pairs(pairs, nfc).pairs == std::vector<Pair>{{composed, composed}});
  CHECK(read_pairs(pairs, nfd).pairs == std::vector<Pair>{{decomposed, decomposed}});
  CHECK(read_pairs(pairs, none).pairs == std::vector<Pair>{{decomposed, composed}});
  CHECK(read_parallel(side, side, nfc).pairs == std::vector<Pair>{{composed, composed}});
  CHECK(read_parallel(side, side, nfd).pairs == std::vector<Pair>{{decomposed, decomposed}});
  CHECK(read_dictionary(words).pairs == std::vector<Pair>{{composed, composed}});
  CHECK(read_dictionary(words, {.unicode = UnicodeForm::nfd}).pairs == std::vector<Pair>{{decomposed, {"e\u0301"}}});
  CHECK(read_dictionary(words, {.unicode = UnicodeForm::nfd, .letters = Tokenizer::graphemes}).pairs ==
        std::vector<Pair>{{{"e\u0301"}, {"e\u0301"}}});
}

TEST_CASE("a side that is blank in its Unicode form is refused") {
  const Scratch scratch;
  const auto ideographic_space = scratch.write("p.tsv", "a\tb\n\u3000\tb\na\t\u3000\n");
  const auto side = scratch.write("side", "a\n\u3000\n");
  const PairOptions nfkc{.source_tokens = Tokenizer::whitespace, .unicode = UnicodeForm::nfkc};
  CHECK(read_pairs(ideographic_space).report.skipped == 0);
  const ReadReport report = read_pairs(ideographic_space, nfkc).report;
  REQUIRE(report.skipped == 2);
  CHECK(report.defects[0].reason == "the source is empty");
  CHECK(report.defects[1].reason == "the target is empty");
  CHECK(read_parallel(side, side, nfkc).report.skipped == 1);
  CHECK(read_dictionary(scratch.write("d", "a b\n\u3000\n"), {.unicode = UnicodeForm::nfkc}).report.skipped == 0);
}

}  // namespace gradus::data_unicode_test
