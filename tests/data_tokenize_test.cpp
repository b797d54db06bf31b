#include <gradus/autograd/foundation/error.h>
#include <gradus/data/internal/utf8.h>
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

TEST_CASE("only well-formed UTF-8 is accepted") {
  constexpr std::size_t none = std::string_view::npos;
  CHECK(find_invalid_utf8("\xF4\x8F\xBF\xBF\xED\x9F\xBF\xC2\x80") == none);
  CHECK(find_invalid_utf8("ab\xC0\x80") == 2);        // overlong
  CHECK(find_invalid_utf8("\xE0\x80\x80") == 0);      // overlong
  CHECK(find_invalid_utf8("\xED\xA0\x80") == 0);      // a surrogate
  CHECK(find_invalid_utf8("\xF4\x90\x80\x80") == 0);  // above U+10FFFF
  CHECK(find_invalid_utf8("a\xE2\x82") == 1);         // incomplete
  CHECK(find_invalid_utf8("\x80") == 0);              // a lone continuation byte
  CHECK(find_invalid_utf8("\xF0\x9F\x98\x41") == 0);  // a bad last byte
}

TEST_CASE("a text is shown on one line, with limited length and without control characters") {
  CHECK(shown("né 漢 \"x\"") == "né 漢 \"x\"");
  CHECK(shown(std::string_view("a\0b\n\x1B\x7F", 6)) == "a\\x00b\\x0A\\x1B\\x7F");
  CHECK(shown("\xC2\x85\xC2\x9F\xC2\xA0") == "\\xC2\\x85\\xC2\\x9F\xC2\xA0");  // C1 controls
  CHECK(shown("\xE9t\xC3") == "\\xE9t\\xC3");
  CHECK(shown("aé", 3) == "aé");
  CHECK(shown("aéb", 3) == "aé...");
  CHECK(shown("aé", 2) == "a...");  // no part of a character
}

TEST_CASE("lower case covers Latin, Greek and Cyrillic") {
  CHECK(lowercase("AZ'ÀÞ×ŸŁŽĐİ ΆΣΏ ЁЯ ß漢😀") == "az'àþ×ÿłžđi άσώ ёя ß漢😀");
  CHECK(lowercase("ĀİĲĸĹňŉŊŹſ ΈΊΌΎ\xCE\xA2ϏЀЏ") == "āiĳĸĺňŉŋźſ έίόύ\xCE\xA2Ϗѐџ");
  CHECK(lowercase("already lower é") == "already lower é");
}

TEST_CASE("tokenizers are chosen by name") {
  for (const Tokenizer kind : {Tokenizer::characters, Tokenizer::whitespace})
    CHECK(tokenizer_named(tokenizer_name(kind)) == kind);
  CHECK_THROWS_WITH(tokenizer_named("bpe"), ContainsSubstring("\"bpe\"; choose characters or whitespace"));
}
