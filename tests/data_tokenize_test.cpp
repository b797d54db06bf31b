#include <gradus/autograd/foundation/error.h>
#include <gradus/data/tokenize.h>

#include "catch.h"

namespace gradus::data_tokenize_test {

using namespace gradus::data;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("characters are Unicode code points, also for spaces") {
  CHECK(tokenize("né ß😀", Tokenizer::characters) == Tokens{"n", "é", " ", "ß", "😀"});
  CHECK(tokenize("", Tokenizer::characters).empty());
}

TEST_CASE("graphemes are letters with their marks, also for spaces") {
  CHECK(tokenize("e\u0302\u0301 n\u0303", Tokenizer::graphemes) == Tokens{"e\u0302\u0301", " ", "n\u0303"});
  CHECK(tokenize("ก\u0E33\u1112\u1161\u11AB", Tokenizer::graphemes) == Tokens{"ก\u0E33", "\u1112\u1161\u11AB"});
  CHECK(tokenize("🇫🇷🇩🇪👩‍🔬", Tokenizer::graphemes) == Tokens{"🇫🇷", "🇩🇪", "👩‍🔬"});
  CHECK(tokenize("", Tokenizer::graphemes).empty());
  CHECK_THROWS_WITH(tokenize("é\xE9x", Tokenizer::graphemes), ContainsSubstring("column 2: byte 0xE9 is not UTF-8"));
}

TEST_CASE("any amount of white space separates words") {
  CHECK(tokenize(" AA  K\tAH\r\n", Tokenizer::whitespace) == Tokens{"AA", "K", "AH"});
  CHECK(tokenize(" \t ", Tokenizer::whitespace).empty());
}

TEST_CASE("join is the inverse of tokenize") {
  for (const char* text : {"a b", "été", "x"}) {
    CHECK(join(tokenize(text, Tokenizer::characters), Tokenizer::characters) == text);
    CHECK(join(tokenize(text, Tokenizer::graphemes), Tokenizer::graphemes) == text);
    CHECK(join(tokenize(text, Tokenizer::whitespace), Tokenizer::whitespace) == text);
  }
}

TEST_CASE("text that is not UTF-8 is refused with the column in characters") {
  CHECK_THROWS_WITH(tokenize("é\xE9x", Tokenizer::characters), ContainsSubstring("column 2: byte 0xE9 is not UTF-8"));
  CHECK_THROWS_AS(tokenize("a \xC3", Tokenizer::whitespace), gradus::Error);
}

TEST_CASE("tokenizers are chosen by name") {
  for (const Tokenizer kind : {Tokenizer::characters, Tokenizer::graphemes, Tokenizer::whitespace})
    CHECK(tokenizer_named(tokenizer_name(kind)) == kind);
  CHECK_THROWS_WITH(tokenizer_named("bpe"), ContainsSubstring("\"bpe\"; choose characters, graphemes or whitespace"));
}

}  // namespace gradus::data_tokenize_test
