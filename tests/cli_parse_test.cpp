// A program with a model of its own: its arguments and messages.
#include <gradus/cli/internal/parse.h>

#include "catch.h"

namespace gradus::cli_parse_test {

using namespace gradus::cli;
using Catch::Matchers::ContainsSubstring;

namespace {

Action parsed(const std::vector<const char*>& arguments) {
  return parse(static_cast<int>(arguments.size()), arguments.data());
}

}  // namespace

TEST_CASE("messages have the file name of the program") {
  CHECK_THROWS_WITH(parsed({"bin/mine"}), ContainsSubstring("; see mine --help"));
  CHECK(program_name() == "mine");
  CHECK_THROWS_WITH(parsed({"mine", "-x"}), ContainsSubstring("see mine --help"));
  CHECK_THROWS_WITH(parsed({"mine", "doctor", "-x"}), ContainsSubstring("see mine doctor --help"));
  CHECK_THROWS_WITH(parsed({}), ContainsSubstring("see gradus --help"));
  CHECK_THROWS_WITH(parsed({"bin/"}), ContainsSubstring("see gradus --help"));
  CHECK_THROWS_WITH(parsed({"\x1B"}), ContainsSubstring("see \\x1B --help"));
}

}  // namespace gradus::cli_parse_test
