#include <nlohmann/json.hpp>

#include "catch.h"
#include "program.h"

namespace gradus::cli_metrics_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using data::Scratch;

nlohmann::json last_object(const std::string& text) { return nlohmann::json::parse(last_line(text)); }

void refuses(const Scratch& scratch, const std::string& arguments, int code, const std::string& message) {
  CAPTURE(arguments);
  const Ran ran = run(scratch, arguments);
  CHECK(ran.code == code);
  CHECK_THAT(ran.err, ContainsSubstring(message));
  CHECK(ran.out.empty());
}

}  // namespace

TEST_CASE("metrics scores lines against several references, and prints a table and a line of JSON") {
  const Scratch scratch;
  scratch.write("out", "the cat sat on the mat\nA B\n");
  scratch.write("ref1", "the cat sat on a mat\na b\n");
  scratch.write("ref2", "the cat sat on the mat\na b c\n");
  const Ran ran = run(scratch, "metrics out ref1 ref2 --bootstrap 100 --bootstrap-seed 4 --by-length --confusions 3");
  REQUIRE(ran.code == 0);
  const auto found = last_object(ran.out);
  CHECK(found["pairs"] == 2);
  CHECK(found["exact"] == 1);
  CHECK(found["sequence_error_rate"] == 0.5);
  CHECK(found["sequence_error_rate_low"] == 0);
  CHECK(found["sequence_error_rate_high"] == 1);
  CHECK(found["word_error_rate"] == 0.25);
  CHECK(found["token_error_rate"] == found["word_error_rate"]);
  CHECK(found["edits"] == 2);
  CHECK(found["reference_tokens"] == 8);
  CHECK(found["bleu_signature"] == "nrefs:2|bs:100|seed:4|case:mixed|eff:no|tok:13a|smooth:exp|version:gradus-0.1.0");
  CHECK_THAT(ran.out, ContainsSubstring("reference length  outputs    exact\n2                       1    0.0 %\n"));
  CHECK_THAT(ran.out, ContainsSubstring("word error rate       25.00 %  0.00 % to 100.00 %\n"));
  CHECK_THAT(ran.out, ContainsSubstring("signature of chrF2++: nrefs:2|bs:100|seed:4|case:mixed|eff:yes|nc:6|nw:2|"));
  CHECK_THAT(ran.out, ContainsSubstring(
                          "reference  output  edits\n\"a\"           \"A\"      1\n\"b\"           \"B\"      1\n"));
  CHECK(run(scratch, "metrics out ref1 ref2 --bootstrap 100 --bootstrap-seed 4 --by-length --confusions 3 --threads 1")
            .out == ran.out);

  const auto lower =
      last_object(run(scratch, "metrics out ref1 ref2 --bootstrap 0 --lowercase --tokens characters").out);
  CHECK(lower["exact"] == 2);
  CHECK(lower["reference_tokens"] == 22 + 3);
  CHECK_FALSE(lower.contains("bleu_low"));
  CHECK(lower["chrf_signature"] == "nrefs:2|case:lc|eff:yes|nc:6|nw:0|space:no|version:gradus-0.1.0");
  for (const char* name : {"13a", "intl", "zh", "char", "none"}) {
    const auto named = last_object(run(scratch, std::string("metrics out ref1 --bleu-tokens ") + name).out);
    CHECK_THAT(named["bleu_signature"].get<std::string>(), ContainsSubstring(std::string("|tok:") + name + "|"));
  }
}

TEST_CASE("metrics compares two systems") {
  const Scratch scratch;
  std::string right, wrong;
  for (int i = 0; i < 20; ++i) {
    right += "a b\n";
    wrong += i < 15 ? "a c\n" : "a b\n";
  }
  scratch.write("ref", right);
  scratch.write("a", wrong);
  const Ran ran = run(scratch, "metrics a ref --against ref --bootstrap 100");
  REQUIRE(ran.code == 0);
  const auto found = last_object(ran.out);
  CHECK(found["sequence_error_rate"] == 0.75);
  CHECK(found["sequence_error_rate_against"] == 0);
  CHECK(found["sequence_error_rate_difference"] == -0.75);
  CHECK(found["sequence_error_rate_difference_high"] < 0);
  CHECK(found["sequence_error_rate_difference_low"] > -1);
  CHECK(found["sequence_error_rate_p"] == 1.0 / 101);
  CHECK_THAT(ran.out, ContainsSubstring("sequence error rate   75.00 %  0.00 %      -75.00  -"));
  CHECK_THAT(ran.out, ContainsSubstring("p: how often 100 exchanges of outputs at random"));

  scratch.write("a.jsonl", R"({"source":"s","output":"x","references":["x"]})");
  scratch.write("b.jsonl", R"({"source":"t","output":"x","references":["x"]})");
  scratch.write("c.jsonl", R"({"source":"s","output":"y","references":["x"]})");
  CHECK(last_object(run(scratch, "metrics a.jsonl --against c.jsonl").out)["token_error_rate_difference"] == 1);
  refuses(scratch, "metrics a.jsonl --against b.jsonl", 1,
          "a.jsonl and b.jsonl differ in the source or the references of line 1; expected the same test");
  scratch.write("d.jsonl",
                data::contents(scratch.folder() / "a.jsonl") + "\n" + data::contents(scratch.folder() / "b.jsonl"));
  refuses(scratch, "metrics a.jsonl --against d.jsonl", 1,
          "a.jsonl has 1 output, d.jsonl has 2 outputs; expected the same sources");
}

TEST_CASE("metrics refuses arguments that do not fit together") {
  const Scratch scratch;
  scratch.write("out", "a\n");
  scratch.write("pairs", "a\tb\n");
  scratch.write("a.jsonl", R"({"source":"s","output":"x","references":["x"]})");
  refuses(scratch, "metrics out", 2,
          "out needs references: files of them, --pairs FILE, or as JSON Lines (NAME.jsonl)");
  refuses(scratch, "metrics a.jsonl out", 2, "a.jsonl has references of its own: leave out the other file");
  refuses(scratch, "metrics a.jsonl --pairs pairs", 2, "a.jsonl has references of its own");
  refuses(scratch, "metrics out out --pairs pairs", 2, "REFERENCES excludes --pairs");
  refuses(scratch, "metrics out out --against out --bootstrap 0", 2, "--against needs samples: --bootstrap from 1");
  refuses(scratch, "metrics out out --against out --by-length", 2, "--against excludes --by-length and --confusions");
  refuses(scratch, "metrics out out --against out --confusions 2", 2,
          "--against excludes --by-length and --confusions");
  refuses(scratch, "metrics out out --bleu-tokens 14", 2, "--bleu-tokens");
  refuses(scratch, "metrics missing out", 1, "missing");
}

TEST_CASE("metrics scores what eval wrote and what decode printed as eval does") {
  const Scratch scratch;
  scratch.write("train.tsv", [] {
    std::string lines;
    for (int i = 0; i < 60; ++i) lines += "w" + std::to_string(i) + "\tA B\nw" + std::to_string(i) + "\tA C\n";
    return lines;
  }());
  scratch.write("test.tsv", "w1\tA B\nw1\tA C\nw99\tB\nw7\tA B C D\n");
  scratch.write("sources", "w1\nw99\nw7\n");
  REQUIRE(run(scratch, "train --model rnn --train train.tsv --epochs 1 --out run --set model.hidden=8").code == 0);
  const Ran tested = run(scratch, "eval --run run --test test.tsv --hypotheses h.jsonl --bootstrap 50 --confusions 2");
  REQUIRE(tested.code == 0);
  CHECK_THAT(tested.out, ContainsSubstring("source length  outputs"));
  CHECK_THAT(tested.out, ContainsSubstring("\nreference "));
  const auto score = last_object(tested.out);
  CHECK(score["beam"] == 1);
  CHECK_THAT(data::contents(scratch.folder() / "h.jsonl"), ContainsSubstring("{\"source\":\"w1\",\"output\":\"") &&
                                                               ContainsSubstring("\"references\":[\"A B\",\"A C\"]"));
  scratch.write("decoded", run(scratch, "decode --run run --input sources").out);
  for (const char* arguments : {"metrics h.jsonl --bootstrap 50", "metrics decoded --pairs test.tsv --bootstrap 50"}) {
    const auto again = last_object(run(scratch, arguments).out);
    for (const auto& [key, found] : again.items())
      if (key != "tokens") CHECK(found == score[key]);
  }
  refuses(scratch, "eval --run run --test test.tsv --hypotheses h.tsv", 2,
          "h.tsv: expected a name that ends in .jsonl");
  refuses(scratch, "eval --run run --test test.tsv --hypotheses none/h.jsonl", 1, "cannot write none/h.jsonl");
}

}  // namespace gradus::cli_metrics_test
