#include <gradus/files/internal/utf8.h>

#include "catch.h"

namespace gradus::files_utf8_test {

using namespace gradus::files;

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

}  // namespace gradus::files_utf8_test
