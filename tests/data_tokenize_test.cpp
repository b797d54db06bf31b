#include <gradus/autograd/foundation/error.h>
#include <gradus/data/tokenize.h>

#include "catch.h"

using namespace gradus::data;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("characters are Unicode code points, also for spaces") {
  CHECK(tokenize("né ß😀", Tokenizer::characters) == Tokens{"n", "é", " ", "ß", "😀"});
  CHECK(tokenize("", Tokenizer::characters).empty());
}

TEST_CASE("any amount of white space separates words") {
  CHECK(tokenize(" AA  K\tAH\r\n", Tokenizer::whitespace) == Tokens{"AA", "K", "AH"});
  CHECK(tokenize(" \t ", Tokenizer::whitespace).empty());
}

TEST_CASE("join is the inverse of tokenize") {
  for (const char* text : {"a b", "été", "x"}) {
    CHECK(join(tokenize(text, Tokenizer::characters), Tokenizer::characters) == text);
    CHECK(join(tokenize(text, Tokenizer::whitespace), Tokenizer::whitespace) == text);
  }
}

TEST_CASE("text that is not UTF-8 is refused with the column in characters") {
  CHECK_THROWS_WITH(tokenize("é\xE9x", Tokenizer::characters), ContainsSubstring("column 2: byte 0xE9 is not UTF-8"));
  CHECK_THROWS_AS(tokenize("a \xC3", Tokenizer::whitespace), gradus::Error);
}

TEST_CASE("tokenizers are chosen by name") {
  for (const Tokenizer kind : {Tokenizer::characters, Tokenizer::whitespace})
    CHECK(tokenizer_named(tokenizer_name(kind)) == kind);
  CHECK_THROWS_WITH(tokenizer_named("bpe"), ContainsSubstring("\"bpe\"; choose characters or whitespace"));
}
