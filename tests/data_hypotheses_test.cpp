#include <gradus/data/hypotheses.h>

#include "catch.h"
#include "data_scratch.h"

namespace gradus::data_hypotheses_test {

using namespace gradus::data;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("a line of hypotheses is read as it was written") {
  const Scratch scratch;
  const std::string source = "a\t\"b\"\\", output = "é\n", reference = "";
  const std::string line = hypothesis_line(source, output, {reference, "c"}, true);
  CHECK(line == R"({"source":"a\t\"b\"\\","output":"é\n","references":["","c"],"exact":true})");
  const std::string other =
      R"({"x":{"source":[1]},"y":[["output"]],"references":["d"],"z":-1.5,"output":"o","source":"s"})";
  const Hypotheses found = read_hypotheses(scratch.write_gzip("h.jsonl", line + '\n' + other + '\n'));
  CHECK(found.sources == std::vector<std::string>{source, "s"});
  CHECK(found.texts.outputs == std::vector<std::string>{output, "o"});
  CHECK(found.texts.references == std::vector<std::vector<std::string>>{{reference, "c"}, {"d"}});
}

TEST_CASE("a line that is no hypothesis is refused with its place and what was expected") {
  const Scratch scratch;
  const std::string good = R"({"source":"s","output":"o","references":["r"]})";
  const auto refused = [&](const std::string& line, const std::string& message) {
    CAPTURE(line);
    const auto path = scratch.write("h.jsonl", good + '\n' + line + '\n');
    CHECK_THROWS_WITH(read_hypotheses(path), ContainsSubstring("h.jsonl:2:" + message) &&
                                                 ContainsSubstring("; expected a line of gradus eval --hypotheses"));
  };
  refused("", "1: not JSON");
  refused("{\"source\":", "11: not JSON");
  refused("[]", "1: a list; expected a JSON object");
  refused("\"s\"", "1: a string; expected a JSON object");
  refused("1", "1: a number; expected a JSON object");
  refused("null", "1: null; expected a JSON object");
  refused("{}", "1: there is no key source");
  refused(R"({"source":"s","references":["r"]})", "1: there is no key output");
  refused(R"({"source":"s","output":"o"})", "1: there is no key references");
  refused(R"({"source":"s","output":"o","references":[]})", "1: references is empty; expected at least one");
  refused(R"({"source":"s","output":"o","references":"r"})", "1: references is a string; expected a list of strings");
  refused(R"({"source":"s","output":"o","references":{}})", "1: references is an object; expected a list of strings");
  refused(R"({"source":"s","output":"o","references":["r",1]})", "1: references has a number; expected a string");
  refused(R"({"source":"s","output":"o","references":[["r"]]})", "1: references has a list; expected a string");
  refused(R"({"source":"s","output":true,"references":["r"]})", "1: output is a boolean; expected a string");
  refused(R"({"source":["s"],"output":"o","references":["r"]})", "1: source is a list; expected a string");
  refused(R"({"source":"s","source":"t","output":"o","references":["r"]})", "1: the key source occurs twice");
  CHECK_THROWS_WITH(read_hypotheses(scratch.write("h.jsonl", "{\"source\":\"\xFF\"}\n")),
                    ContainsSubstring("h.jsonl:1:12: "));
  CHECK_THROWS_WITH(read_hypotheses(scratch.write("h.jsonl", "")), ContainsSubstring("h.jsonl: the file is empty"));
}

TEST_CASE("outputs and references are on the same lines, and an empty line is an empty text") {
  const Scratch scratch;
  const auto outputs = scratch.write("o", "a b\n\nc\n"), first = scratch.write("1", "a\nb\r\n\n"),
             second = scratch.write("2", "\nx\ty\nz");
  const Hypotheses found = read_outputs(outputs, {first, second});
  CHECK(found.sources.empty());
  CHECK(found.texts.outputs == std::vector<std::string>{"a b", "", "c"});
  CHECK(found.texts.references == std::vector<std::vector<std::string>>{{"a", ""}, {"b", "x\ty"}, {"", "z"}});
  CHECK_THROWS_WITH(read_outputs(outputs, {first, scratch.write("short", "a\n")}),
                    ContainsSubstring("short has 1 line, ") &&
                        ContainsSubstring("o has 3 lines; expected a reference on the line of each output"));
  CHECK_THROWS_WITH(read_outputs(outputs, {scratch.write("nul", std::string("a\n\0\nb\n", 6))}),
                    ContainsSubstring("nul:2:1: "));
}

TEST_CASE("outputs of decode are matched with pairs by their source") {
  const Scratch scratch;
  const auto pairs = scratch.write("pairs", "b\t1\na\tx y\nb\t2\nb\t1\ng\tV;PST\t3\n");
  const Hypotheses found = read_decoded(scratch.write("o", "a\tx\nb\t\na\tx\ng\tV;PST\t3\n"), pairs);
  CHECK(found.sources == std::vector<std::string>{"b", "a", "g\tV;PST"});
  CHECK(found.texts.outputs == std::vector<std::string>{"", "x", "3"});
  CHECK(found.texts.references == std::vector<std::vector<std::string>>{{"1", "2"}, {"x y"}, {"3"}});
  const auto refused = [&](const std::string& outputs, const std::string& message) {
    CHECK_THROWS_WITH(read_decoded(scratch.write("o", outputs), pairs), ContainsSubstring(message));
  };
  refused("a\tx\nc\ty\n", "o:2:1: ");
  refused("a\tx\nc\ty\n", "pairs has no source c");
  refused("a\tx\na\ty\n", "o:2:1: another output for the source a; expected one");
  refused("a\n", "o:1:2: no tab; expected source<TAB>output, as gradus decode prints");
  refused("a\tx\n", "o: there is no output for 2 sources of ");
  refused("a\tx\n", "the first is b");
  CHECK_THROWS_WITH(read_decoded(pairs, scratch.write("p", "ab\n")),
                    ContainsSubstring("p:1:3: no tab; expected source<TAB>target"));
}

}  // namespace gradus::data_hypotheses_test
