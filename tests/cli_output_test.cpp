#include <nlohmann/json.hpp>

#include "program.h"

// No output of the program is lost without a message, and no hypothesis is cut off without one.
namespace gradus::cli_output_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Equals;
using data::Scratch;

const std::string small =
    " --set model.dim=8 --set model.hidden=8 --set data.pairs=200 --set data.valid_pairs=20 --set data.max_length=4";

struct Shell {
  int code;
  std::string err;
};

// Runs the program with the redirections `streams` after the commands `before`.
Shell with_streams(const Scratch& scratch, const std::string& arguments, const std::string& streams,
                   const std::string& before = ":") {
  scratch.write("script", "cd " + scratch.folder().string() + "\n" + before + "\n" + program() + " " + arguments +
                              " 2> err < input " + streams + "\necho $? > code\n");
  REQUIRE(std::system(("bash " + (scratch.folder() / "script").string()).c_str()) == 0);
  return {std::stoi(data::contents(scratch.folder() / "code")), data::contents(scratch.folder() / "err")};
}

}  // namespace

TEST_CASE("output that cannot be written is an error of every command that prints") {
  const Scratch scratch;
  scratch.write("input", "abc\n");
  REQUIRE(run(scratch, "train --model rnn --task copy --steps 1 --out run" + small).code == 0);
  for (const char* arguments :
       {"--help", "--version", "train --help", "train --help-settings", "decode --run run",
        "eval --run run --task copy", "inspect run/best.safetensors", "doctor",
        "gradcheck --model rnn --set model.cell=rnn", "demo --steps 1", "bench step rnn tiny --seconds 0.01 --peak 1",
        "bench memory rnn tiny --steps 1", "bench epoch --model rnn --task copy --steps 1",
        "train --model rnn --task copy --steps 1 --overwrite --out other --set data.pairs=50 --set "
        "data.valid_pairs=9"}) {
    CAPTURE(arguments);
    const Shell closed = with_streams(scratch, arguments, ">&-");
    CHECK(closed.code == 1);
    CHECK_THAT(closed.err, ContainsSubstring("gradus: cannot write to standard output: Bad file descriptor\n"));
  }
  for (const char* arguments : {"--help", "decode --run run", "inspect run/best.safetensors"}) {
    CAPTURE(arguments);
    const Shell full = with_streams(scratch, arguments, "> /dev/full");
    CHECK(full.code == 1);
    CHECK_THAT(full.err, ContainsSubstring("gradus: cannot write to standard output: No space left on device\n"));
  }
  CHECK(run(scratch, "eval --run other --task copy").code == 0);
}

TEST_CASE("output to a pipe without a reader is an error") {
  const Scratch scratch;
  scratch.write("input", "");
  const Shell ran = with_streams(scratch, "--help", ">&9", "mkfifo pipe; exec 8<>pipe 9>pipe 8<&-");
  CHECK(ran.code == 1);
  CHECK_THAT(ran.err, Equals("gradus: cannot write to standard output: Broken pipe\n"));
}

TEST_CASE("a closed standard input is an error of decode") {
  const Scratch scratch;
  scratch.write("input", "");
  REQUIRE(run(scratch, "train --model rnn --task copy --steps 1 --out run" + small).code == 0);
  const Shell ran = with_streams(scratch, "decode --run run", "<&-");
  CHECK(ran.code == 1);
  CHECK_THAT(ran.err, ContainsSubstring("standard input: reading failed"));
}

TEST_CASE("outputs that reach decode.max_length are counted in a note, and marked in JSON") {
  const Scratch scratch;
  const std::string train = "train --model rnn --task copy --steps 1 --out run --set decode.max_length=1" + small +
                            " --set data.min_length=4";
  REQUIRE(run(scratch, train).code == 0);
  const std::string lines = "abca\n\nbbca\ncaab\n";
  const Ran plain = run(scratch, "decode --run run", lines);
  REQUIRE(plain.code == 0);
  const Ran json = run(scratch, "decode --run run --json", lines);
  REQUIRE(json.code == 0);
  std::istringstream of_plain(plain.out), of_json(json.out);
  std::vector<int> cut_off;
  int number = 0;
  for (std::string line, object; std::getline(of_plain, line) && std::getline(of_json, object);) {
    const auto read = nlohmann::json::parse(object);
    CHECK(read["line"] == ++number);
    CHECK(read["source"].get<std::string>() + "\t" + read["output"].get<std::string>() == line);
    CHECK(read["score"].is_number());
    if (!read["finished"].get<bool>()) cut_off.push_back(number);
  }
  CHECK(number == 4);
  REQUIRE(cut_off == std::vector<int>{1, 3, 4});
  const std::string note =
      "note: 3 of 4 outputs are cut off at decode.max_length = 1 (config.toml of the run): line 1, 3, 4\n";
  CHECK_THAT(plain.err, ContainsSubstring(note));
  CHECK_THAT(json.err, ContainsSubstring(note));
  std::string many;
  for (int i = 0; i < 11; ++i) many += "abca\n";
  CHECK_THAT(run(scratch, "decode --run run", many).err,
             ContainsSubstring("line 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...\n"));
  const std::string tested = run(scratch, "eval --run run --task copy").out;
  const auto score = nlohmann::json::parse(tested.substr(tested.find('{')));
  CHECK(score["unfinished"] > 0);
}

}  // namespace gradus::cli_output_test
