#include <nlohmann/json.hpp>

#include "program.h"

// The ways to choose outputs, from the program: what it prints, writes and refuses.
namespace gradus::cli_decode_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using data::Scratch;
using Json = nlohmann::json;

const std::string small =
    " --task reverse --set model.dim=8 --set model.hidden=8 --set data.pairs=200 --set data.valid_pairs=20 --set "
    "data.max_length=4 --set decode.max_length=6";

std::vector<Json> json_lines(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(Json::parse(line));
  return lines;
}

void refuses(const Scratch& scratch, const std::string& arguments, int code, const std::string& message,
             const std::string& input = "ab\n") {
  CAPTURE(arguments);
  const Ran ran = run(scratch, arguments, input);
  CHECK(ran.code == code);
  CHECK(ran.out.empty());
  CHECK_THAT(ran.err, ContainsSubstring(message));
}

}  // namespace

TEST_CASE("decode searches, draws, begins with prefixes and writes attention weights, for one run and for two") {
  const Scratch scratch;
  REQUIRE(run(scratch, "train --model rnn-attention --steps 20 --out a" + small).code == 0);
  REQUIRE(run(scratch, "train --model transformer --steps 20 --out b --set decode.beam=2" + small).code == 0);
  REQUIRE(run(scratch, "train --model rnn --steps 1 --out other --set data.min_count=18" + small).code == 0);
  const std::string lines = "abc\n\nba\ncab\nabc\n";

  for (const std::string& runs : {std::string(" --run a"), std::string(" --run b --run a")}) {
    CAPTURE(runs);
    const std::string decode = "decode" + runs;

    // Scores of given targets are those of the outputs, to the last bit.
    const Ran found = run(scratch, decode + " --beam 30 --n-best 30 --json --coverage-penalty 0.2", lines);
    REQUIRE(found.code == 0);
    std::string pairs;
    std::vector<Json> expected;
    for (const Json& hypothesis : json_lines(found.out)) {
      const auto output = hypothesis["output"].get<std::string>();
      if (!hypothesis["finished"].get<bool>() || output.empty() || output.find('<') != std::string::npos) continue;
      pairs += hypothesis["source"].get<std::string>() + "\t" + output + "\n";
      expected.push_back(hypothesis["log_probability"]);
    }
    REQUIRE(expected.size() > 2);
    scratch.write("pairs.tsv", pairs);
    const Ran scored = run(scratch, "score" + runs + " --test pairs.tsv --json --tokens");
    REQUIRE(scored.code == 0);
    const std::vector<Json> scores = json_lines(scored.out);
    REQUIRE(scores.size() == expected.size());
    for (std::size_t i = 0; i < scores.size(); ++i) {
      CHECK(scores[i]["log_probability"] == expected[i]);
      CHECK(scores[i]["line"] == i + 1);
      double sum = 0;
      for (const Json& p : scores[i]["token_log_probabilities"]) sum += p.get<double>();
      CHECK(sum == scores[i]["log_probability"].get<double>());
      CHECK(scores[i]["tokens"].back() == "<eos>");
      CHECK(scores[i]["tokens"].size() == scores[i]["token_log_probabilities"].size());
    }
    CHECK_THAT(scored.err, ContainsSubstring("perplexity"));
    const std::string plain = run(scratch, "score" + runs + " --test pairs.tsv --tokens").out;
    CHECK(std::count(plain.begin(), plain.end(), '\t') == 3 * std::count(plain.begin(), plain.end(), '\n'));

    const Ran weights = run(scratch, decode + " --attention weights.jsonl", lines);
    REQUIRE(weights.code == 0);
    CHECK(weights.out == run(scratch, decode, lines).out);
    const std::vector<Json> maps = json_lines(data::contents(scratch.folder() / "weights.jsonl"));
    REQUIRE(maps.size() == 4);
    CHECK(maps[1]["line"] == 3);
    CHECK(maps[1]["source"] == Json({"b", "a", "<eos>"}));
    CHECK(maps[0]["attention"].size() == maps[0]["output"].size());
    CHECK(maps[0]["attention"][0].size() == 4);
    const Ran tested = run(scratch, "eval" + runs + " --task reverse --mbr 4");
    CHECK(tested.code == 0);
    if (runs != " --run a") continue;

    // Samples depend on the line alone.
    const Ran samples = run(scratch, decode + " --sample 3 --top-p 0.9 --temperature 2 --seed 5 --threads 1", lines);
    REQUIRE(samples.code == 0);
    CHECK(std::count(samples.out.begin(), samples.out.end(), '\n') == 13);  // the empty line has one output
    const std::string alone = run(scratch, decode + " --sample 3 --top-p 0.9 --temperature 2 --seed 5", "abc\n").out;
    CHECK(samples.out.substr(0, alone.size()) == alone);
    CHECK(samples.out.substr(samples.out.size() - alone.size()) == alone);
    CHECK(run(scratch, decode + " --sample 3 --temperature 2 --seed 6", "abc\n").out != alone);
    const Ran risk = run(scratch, decode + " --mbr 8 --json", lines);
    REQUIRE(risk.code == 0);
    for (const Json& chosen : json_lines(risk.out)) CHECK(chosen["score"].get<double>() <= 0);

    const Ran begun = run(scratch, decode + " --prefix cb --beam 3", lines);
    REQUIRE(begun.code == 0);
    CHECK_THAT(begun.out, ContainsSubstring("abc\tcb") && ContainsSubstring("\n\t\nba\tcb"));
    scratch.write("beginnings", "a\n\n\nbb\nc\n");
    CHECK_THAT(run(scratch, decode + " --prefix-file beginnings", lines).out,
               ContainsSubstring("abc\ta") && ContainsSubstring("cab\tbb") && ContainsSubstring("\nabc\tc"));
  }
  CHECK_THAT(run(scratch, "eval --run b --task reverse").out, ContainsSubstring("\"beam\":2"));
  CHECK(run(scratch, "decode --run b", lines).out == run(scratch, "decode --run b --beam 2", lines).out);
  scratch.write("bad.tsv", "ab\tba\nno tab\n");
  CHECK(run(scratch, "score --run a --test bad.tsv").code == 3);

  refuses(scratch, "decode --run a --run other", 1, "source vocabular");
  refuses(scratch, "decode --run other --coverage-penalty 1", 1, "coverage_penalty needs attention weights");
  refuses(scratch, "decode --run a --prefix 7", 1, "--prefix: 7 is not in the target vocabulary");
  refuses(scratch, "decode --run a --prefix abcabca", 1, "--prefix: it has 7 tokens; an output has at most 6");
  refuses(scratch, "decode --run a --prefix-file beginnings", 1,
          "beginnings has 5 lines, and standard input has 1 line");
  scratch.write("beginnings", "\xFF\n");
  refuses(scratch, "decode --run a --prefix-file beginnings", 1, "beginnings:1:1: byte 0xFF is not UTF-8");
  refuses(scratch, "decode --run a --temperature 2", 2, "--temperature needs --sample N or --mbr N");
  refuses(scratch, "eval --run a --task reverse --seed 2", 2, "--seed needs --mbr N");
  refuses(scratch, "decode --run a --sample 2 --beam 3", 2, "--beam excludes --sample");
  refuses(scratch, "decode --run a --mbr 2 --n-best 3", 2, "--n-best 3 is more than --mbr 2");
  refuses(scratch, "decode --run a --attention none/weights", 1, "none/weights");
}

}  // namespace gradus::cli_decode_test
