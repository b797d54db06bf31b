#include <nlohmann/json.hpp>

#include <gradus/files/internal/utf8.h>
#include <gradus/train/mpi.h>

#include "program.h"

// Runs the built program and checks its results, messages, exit codes and files.
namespace gradus::cli_program_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
using data::Scratch;

// Checks that a command fails with this exit code and one line "gradus: ..." that contains `message`, prints nothing to
// standard output, and makes no run directory.
void refuses(const Scratch& scratch, const std::string& arguments, int code, const std::string& message,
             const std::string& input = "") {
  CAPTURE(arguments);
  const Ran ran = run(scratch, arguments, input);
  CHECK(ran.code == code);
  CHECK(ran.out.empty());
  const std::string last =
      ran.err.substr(ran.err.rfind("gradus: ") == std::string::npos ? 0 : ran.err.rfind("gradus: "));
  CHECK_THAT(last, ContainsSubstring("gradus: "));
  CHECK_THAT(last, ContainsSubstring(message));
  CHECK(std::count(last.begin(), last.end(), '\n') == 1);
  CHECK_FALSE(std::filesystem::exists(scratch.folder() / "new"));
}

const std::string quick =
    " --set model.dim=16 --set model.hidden=16 --set model.ffn=16 --set data.pairs=400 --set data.valid_pairs=30 --set "
    "data.max_length=4 --set model.positions=sinusoidal --set model.max_length=12";

}  // namespace

TEST_CASE("a program without MPI that mpirun starts says how to get it") {
  if (train::has_mpi()) return;  // tests/mpi/check.sh runs it
  const Scratch scratch;
  for (const char* launcher : {"OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK", "PMI_SIZE=2 PMI_RANK"}) {
    const std::string exported = std::string("export ") + launcher;
    const Ran first = run(scratch, "train --task copy --out new", "", exported + "=0");
    CHECK(first.code == 1);
    CHECK_THAT(first.err,
               ContainsSubstring("scripts/install-dependencies.sh --mpi") && ContainsSubstring("-DGRADUS_MPI=ON"));
    const Ran second = run(scratch, "train --task copy --out new", "", exported + "=1");
    CHECK(second.code == 1);
    CHECK(second.err.empty());  // one rank reports it
  }
  CHECK_FALSE(std::filesystem::exists(scratch.folder() / "new"));
}

TEST_CASE("train, eval and decode produce outputs from pairs") {
  const Scratch scratch;
  const Ran trained = run(scratch, "train --model transformer --task copy --steps 30 --out new" + quick);
  REQUIRE(trained.code == 0);
  const auto result = nlohmann::json::parse(last_line(trained.out));
  CHECK(result["steps"] == 30);
  CHECK(result["run"] == "new");
  for (const char* file :
       {"config.toml", "source.vocab", "target.vocab", "metrics.jsonl", "best.safetensors", "last.safetensors"})
    CHECK(std::filesystem::exists(scratch.folder() / "new" / file));

  const Ran tested = run(scratch, "eval --run new --task copy --beam 2 --checkpoint last");
  REQUIRE(tested.code == 0);
  const auto score = nlohmann::json::parse(last_line(tested.out));
  CHECK(score["pairs"].get<int>() > 0);
  CHECK(score["exact"].get<int>() <= score["pairs"].get<int>());
  CHECK(score["sequence_error_rate"].get<double>() ==
        Approx(1 - score["exact"].get<double>() / score["pairs"].get<double>()));
  CHECK(score.contains("token_error_rate"));

  const Ran decoded = run(scratch, "decode --run new", "ab\n\nd\xC3\xA9\r\nc");
  REQUIRE(decoded.code == 0);
  std::istringstream lines(decoded.out);
  std::vector<std::string> sources;
  for (std::string line; std::getline(lines, line);) sources.push_back(line.substr(0, line.find('\t')));
  CHECK(sources == std::vector<std::string>{"ab", "", "d\xC3\xA9", "c"});
  CHECK_THAT(decoded.out, ContainsSubstring("\n\t\n"));

  scratch.write("words.txt", "abc\n");
  const Ran best = run(scratch, "decode --run new --input words.txt --beam 3 --n-best 3");
  CHECK(std::count(best.out.begin(), best.out.end(), '\t') == 6);
  CHECK_THAT(run(scratch, "decode --run new --attention", "ab\n").err, ContainsSubstring("⏎"));
  CHECK(run(scratch, "decode --run new --threads 1", "ab\n\nd\xC3\xA9\r\nc").out == decoded.out);

  const Ran again = run(scratch, "train --task copy --out new");
  CHECK(again.code == 1);
  CHECK_THAT(again.err, ContainsSubstring("holds a run already"));
  CHECK(run(scratch, "train --model rnn --task copy --steps 1 --overwrite --out new" + quick).code == 0);
}

TEST_CASE("a run trains on files of pairs and is tested against several references") {
  const Scratch scratch;
  std::string lines;
  for (int i = 0; i < 60; ++i) lines += "w" + std::to_string(i) + "\tA B\nw" + std::to_string(i) + "\tA C\n";
  scratch.write("train.tsv", lines + "no tab\n");
  const Ran trained = run(scratch, "train --model rnn --train train.tsv --epochs 1 --out new" + quick);
  REQUIRE(trained.code == 0);
  CHECK_THAT(trained.err, ContainsSubstring("1 line skipped"));
  CHECK_THAT(trained.err, ContainsSubstring("held out"));
  scratch.write("test.tsv", "w1\tA B\nw1\tA C\nw99\tB\n");
  const Ran tested = run(scratch, "eval --run new --test test.tsv");
  REQUIRE(tested.code == 0);
  CHECK(nlohmann::json::parse(last_line(tested.out))["pairs"] == 2);
}

TEST_CASE("sources and targets may be in two files of equal length") {
  const Scratch scratch;
  std::string sources, targets;
  for (int i = 0; i < 60; ++i) {
    sources += "w" + std::to_string(i) + "\n";
    targets += i == 7 ? "\n" : "A B\n";
  }
  scratch.write("train.s", sources);
  scratch.write("train.t", targets);
  const std::string train = "train --model rnn --train train.s --train-target train.t --epochs 1 --out new";
  scratch.write("longer.s", sources + "x\n");
  refuses(scratch, "train --train longer.s --train-target train.t --out new", 1,
          "train.t ends after 60 lines, but longer.s continues");
  refuses(scratch, train + " --valid v.tsv", 2, "data.train_target is set, data.valid_target is not");
  refuses(scratch, "train --task copy --train-target train.t --out new", 2, "--task excludes --train-target");
  refuses(scratch, "eval --run new --test-target train.t", 2, "--test-target requires --test");
  const Ran trained = run(scratch, train + quick);
  CAPTURE(trained.err);
  REQUIRE(trained.code == 0);
  CHECK_THAT(trained.err, ContainsSubstring("read 59 pairs from train.s and train.t (1 line skipped: first at "
                                            "train.t:8:1: the target is empty)"));
  const Ran tested = run(scratch, "eval --run new --test train.s --test-target train.t");
  REQUIRE(tested.code == 0);
  CHECK(nlohmann::json::parse(last_line(tested.out))["pairs"] == 59);
  CHECK(run(scratch, "train --resume --out new").code == 0);

  scratch.write("d", "a  AH0\nb  B\n");
  REQUIRE(
      run(scratch, "train --model rnn --train d --valid d --set data.format=dictionary --steps 1 --out dict" + quick)
          .code == 0);
  const Ran dictionary = run(scratch, "eval --run dict --test d --test-target train.t");
  CHECK(dictionary.code == 1);
  CHECK_THAT(dictionary.err, ContainsSubstring("train.t: d is a dictionary, whose lines hold both sides"));
}

TEST_CASE("wrong arguments give one line that names them, and exit code 2") {
  const Scratch scratch;
  refuses(scratch, "", 2, "expected a command");
  refuses(scratch, "trian", 2, "did you mean train?");
  refuses(scratch, "--vresion", 2, "did you mean --version?");
  refuses(scratch, "train --modle rnn --task copy --out new", 2, "did you mean --model?");
  refuses(scratch, "train --model rrn --task copy --out new", 2, "one of rnn, rnn-attention, attention, transformer");
  refuses(scratch, "train --task copy", 2, "--out is required");
  refuses(scratch, "train --out new", 2, "nothing to train on");
  refuses(scratch, "train --task cpy --out new", 2, "did you mean copy?");
  refuses(scratch, "train --task copy --train x --out new", 2, "--task excludes --train");
  refuses(scratch, "train --task copy --out new --steps 1 --epochs 1", 2, "excludes");
  refuses(scratch, "train --task copy --out new --seed -1", 2, "--seed: train.seed = -1 is not allowed");
  refuses(scratch, "train --task copy --out new --set train.lr=high", 2,
          "train.lr = \"high\" is not allowed: a number");
  refuses(scratch, "train --task copy --out new --threads 0", 2, "1 to 1024");
  refuses(scratch, "train --task copy --out new --preset huge", 2, "one of tiny, small, base");
  scratch.write("bad.toml", "[train]\nlr = -1\n");
  refuses(scratch, "train --task copy --out new --config bad.toml", 2, "bad.toml:2:6: train.lr = -1 is not allowed");
  refuses(scratch, "eval --run new", 2, "--test FILE or --task NAME");
  refuses(scratch, "decode --run new --beam 1 --n-best 2", 2, "--n-best 2 is more than --beam 1");
}

TEST_CASE("an option out of range is refused with name, value and range before any file is read or written") {
  const Scratch scratch;
  const auto out_of = [&](const std::string& command, const std::string& option, const std::string& range,
                          const std::vector<std::string>& values) {
    for (const std::string& value : values) {
      const std::string arguments = command + " " + option + " '" + value + "'";
      const Ran ran = run(scratch, arguments);
      CAPTURE(arguments, ran.err);
      CHECK(ran.code == 2);
      CHECK(ran.out.empty());
      for (const std::string& part : {"gradus: " + option + ": ", value, range})
        CHECK_THAT(ran.err, ContainsSubstring(part));
      CHECK(std::distance(std::filesystem::directory_iterator(scratch.folder()), {}) ==
            3);  // the files of its input and output
    }
  };
  const std::vector<std::string> whole = {"0", "-1", "x", "1.5", "nan", "99999999999999999999", "0x10", " 5", "+5"};
  const std::vector<std::string> from_zero(whole.begin() + 1, whole.end());
  out_of("train --task copy --out new", "--threads", "1 to 1024", whole);
  out_of("train --task copy --out new", "--seed", "from 0 to 4294967295", from_zero);
  out_of("train --task copy --out new", "--epochs", "from 0 to 1000000", from_zero);
  out_of("train --task copy --out new", "--steps", "from 0 to 1000000000", from_zero);
  out_of("train --task copy --out new", "--model", "one of rnn, rnn-attention", {"0", "RNN"});
  out_of("eval --run new --task copy", "--beam", "1 to 1000", whole);
  out_of("decode --run new", "--beam", "1 to 1000", whole);
  out_of("decode --run new", "--n-best", "1 to 1000", whole);
  out_of("decode --run new", "--checkpoint", "best,last", {"", "newest"});
  out_of("demo --out new", "--steps", "1 to 10000000", whole);
  out_of("demo --out new", "--seed", "0 to 2000000000", from_zero);
  out_of("demo --out new", "--task", "copy", {"cpy"});
  out_of("train --task copy --out new", "--config", "expected a value", {""});
  out_of("train --task copy --out new", "--preset", "expected a value", {""});
  out_of("gradcheck --model rnn", "--order", "1 to 9", whole);
  out_of("bench step transformer small", "--seconds", "0.01 to 3600", {"0", "-1", "x", "nan", "1e99"});
  out_of("bench step transformer small", "--peak", "1 to 1000000000", {"0", "-1", "x", "nan", "inf"});
}

TEST_CASE("hostile arguments are quoted with limited length and without control characters") {
  const Scratch scratch;
  const std::string hostile = "\x1B[2J\xFF" + std::string(50000, 'x');
  for (const char* arguments : {"'%'", "'-%'", "train '--%' --out new", "train --task copy --out new --set '%'",
                                "train --task copy --out new --set 'train.lr=%'", "train --task '%' --out new",
                                "train --task copy --out new --preset '%'", "decode --run new --beam '%'",
                                "decode --run new --checkpoint '%'", "gradcheck '%'", "eval --run new --task '%'"}) {
    std::string text = arguments;
    text.replace(text.find('%'), 1, hostile);
    const Ran ran = run(scratch, text);
    CAPTURE(arguments, ran.err);
    CHECK(ran.code == 2);
    CHECK(ran.err.size() < 1200);
    CHECK(ran.err.ends_with('\n'));
    CHECK(files::shown(ran.err.substr(0, ran.err.size() - 1), 2000) + '\n' == ran.err);
  }
}

TEST_CASE("a whole number with leading zeros is decimal") {
  const Scratch scratch;
  CHECK(run(scratch, "decode --run none --beam 010 --n-best 10").code == 1);  // the run does not exist
  CHECK_THAT(run(scratch, "decode --run none --beam 010 --n-best 11").err, ContainsSubstring("--beam 10"));
}

TEST_CASE("training continues when the log cannot be written") {
  const Scratch scratch;
  const std::string train = "train --model rnn --task copy --steps 3" + quick;
  for (const char* log : {"2>/dev/full", "2>&-", "<&- 2>&-", "2>&1 >/dev/null | true"}) {
    CAPTURE(log);
    const std::string command = "cd " + scratch.folder().string() + " && set -o pipefail && " + program() + " " +
                                train + " --overwrite --out run " + log;
    CHECK(std::system(("bash -c '" + command + "'").c_str()) == 0);
    CHECK(run(scratch, "eval --run run --task copy").code == 0);
    CHECK(data::contents(scratch.folder() / "run" / "metrics.jsonl").ends_with("}\n"));
  }
  const std::string wrong = program() + " nothing 2>/dev/full";
  CHECK(WEXITSTATUS(std::system(wrong.c_str())) == 2);
}

TEST_CASE("paths are shown on one line, without control characters, quoted for a shell") {
  const Scratch scratch;
  scratch.write("a\x1B[31m\nb'.tsv", "a\tb\nbroken\nc\td\n");
  const std::string quoted = "$'a\\x1B[31m\\x0Ab\\x27.tsv'", out = "$'r\\xFF\\x0A\\x27'";
  scratch.write("script", "cd " + scratch.folder().string() + "\n" + program() +
                              " train --model rnn --steps 1000000 --train " + quoted + " --valid " + quoted +
                              " --out " + out + quick + " 2> log &\nwhile [[ ! -e " + out +
                              "/config.toml ]]; do sleep 0.01; done; kill %1; wait %1");
  CHECK(WEXITSTATUS(std::system(("bash " + (scratch.folder() / "script").string() + " > /dev/null").c_str())) == 143);
  const std::string log = data::contents(scratch.folder() / "log");
  CAPTURE(log);
  CHECK_THAT(log, ContainsSubstring("1 line skipped: first at a\\x1B[31m\\x0Ab'.tsv:2:7: no tab"));
  CHECK_THAT(log, ContainsSubstring("to continue: gradus train --resume --out " + out + "\n"));
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) CHECK(files::shown(line, 10000) == line);
}

TEST_CASE("a refused argument of control characters gives a short message") {
  const Scratch scratch;
  for (const char* flag : {"--overwrite=", "--threads ", "--resume="}) {
    const Ran ran = run(scratch, std::string("train --task copy --out new ") + flag + std::string(1000, '\xE9'));
    CAPTURE(ran.err);
    CHECK(ran.code == 2);
    CHECK_THAT(ran.err, ContainsSubstring("\\xE9..."));
    CHECK(ran.err.size() < 1000);
  }
}

TEST_CASE("a failure gives one line with the reason and exit code 1, and leaves no partial files") {
  const Scratch scratch;
  scratch.write("empty.tsv", "");
  scratch.write("bad.tsv", "one\ntwo\n");
  refuses(scratch, "train --train empty.tsv --out new", 1, "empty.tsv");
  refuses(scratch, "train --train missing.tsv --out new", 1, "missing.tsv");
  refuses(scratch, "train --train bad.tsv --out new", 1, "no tab");
  refuses(scratch, "train --task copy --out empty.tsv/run", 1, "cannot make the run directory");
  refuses(scratch, "train --task copy --out empty.tsv", 1, "it is a file");
  refuses(scratch, "train --task copy --out new --config missing.toml", 1,
          "missing.toml: cannot be opened: No such file or directory");
  refuses(scratch, "train --task copy --out new --set train.schedule=plateau --set train.decay=1", 1, "factor");
  refuses(scratch,
          "train --model transformer --task copy --out new --set model.positions=sinusoidal --set model.max_length=5",
          1, "model.max_length = 5");
  refuses(scratch, "train --task copy --out new --set data.min_length=13", 2,
          "data.min_length = 13 is above 12, the task copy's own data.max_length: set that too");
  refuses(scratch, "eval --run missing --task copy", 1, "no such run directory");
  refuses(scratch, "decode --run . --input empty.tsv", 1, "not a run directory");
}

TEST_CASE("a line that is too long has an empty output, and the others are decoded") {
  const Scratch scratch;
  REQUIRE(run(scratch, "train --model transformer --task copy --steps 1 --out run" + quick).code == 0);
  const Ran alone = run(scratch, "decode --run run", "ab\nc\n");
  REQUIRE(alone.code == 0);
  const std::string first = alone.out.substr(0, alone.out.find('\n') + 1), last = alone.out.substr(first.size());
  const Ran ran = run(scratch, "decode --run run", "ab\nabcdefghijkl\n" + std::string(3 << 20, 'x') + "\nc\n");
  CHECK(ran.code == 3);
  CHECK(ran.out == first + "abcdefghijkl\t\n\t\n" + last);
  CHECK_THAT(ran.err, ContainsSubstring("standard input:2: no output: the line has 12 tokens, more than 11 "
                                        "(model.max_length = 12)\n"));
  CHECK_THAT(ran.err, ContainsSubstring("standard input:3: no output: the line has more than 1 MiB\n"));
  std::string lines;
  for (int i = 0; i < 12; ++i) lines += "abcdefghijkl\n";
  const Ran many = run(scratch, "decode --run run", lines);
  CHECK(many.code == 3);
  CHECK_THAT(many.err, ContainsSubstring("standard input:10: no output") && EndsWith("no output for 2 more lines\n"));
  CHECK_THAT(many.err, !ContainsSubstring("standard input:11"));
  scratch.write("test.tsv", "ab\tab\nabcdefghijkl\tab\nab\ta b c d e f g h i j k l\n");
  const Ran tested = run(scratch, "eval --run run --test test.tsv");
  REQUIRE(tested.code == 0);
  const auto score = nlohmann::json::parse(last_line(tested.out));
  CHECK(score["pairs"] == 1);
  CHECK(score["left_out"] == 2);
}

TEST_CASE("a run with features reads and prints them") {
  const Scratch scratch;
  std::filesystem::copy_file("tests/data/inflection.tsv", scratch.folder() / "t.tsv");
  std::filesystem::copy_file("tests/data/inflection.csv", scratch.folder() / "t.csv");
  REQUIRE(run(scratch,
              "train --model transformer --train t.tsv --set data.columns=features=3 --steps 2 --out run --set "
              "data.target_tokens=characters --set data.held_out=0.2 --set model.dim=16 --set model.ffn=16")
              .code == 0);
  const std::string words = data::contents(scratch.folder() / "run" / "source.vocab");
  CHECK_THAT(words, ContainsSubstring("\n\\x09PST\n"));
  const Ran ran = run(scratch, "decode --run run", "tala\tN;PL;GEN\n\ntala\t\n");
  REQUIRE(ran.code == 0);
  CHECK_THAT(ran.out, StartsWith("tala\tN;PL;GEN\t") && ContainsSubstring("\n\t\ntala\t\t"));
  CHECK(std::count(ran.out.begin(), ran.out.end(), '\n') == 3);
  refuses(scratch, "decode --run run", 1, "standard input:1:5: no tab; expected source<TAB>features", "tala\n");
  refuses(scratch, "decode --run run", 1, "standard input:1:7: a second tab", "tala\tN\tx\n");
  const Ran tested = run(scratch, "eval --run run --test t.tsv");
  REQUIRE(tested.code == 0);
  CHECK(nlohmann::json::parse(last_line(tested.out))["pairs"] == 72);
  refuses(scratch, "eval --run run --test t.tsv --test-target t.tsv", 1, "a file of targets has none");
  refuses(scratch, "train --train t.csv --set data.columns=source=lemma,target=forms --out new", 1,
          "t.csv:1: no column has the name forms; the names are id, lemma, form, tags, remark");
  refuses(scratch, "train --train t.csv --set data.columns=lemma,form --out new", 2,
          "data.columns = \"lemma,form\" is not allowed: source=COLUMN,target=COLUMN,features=COLUMN");
  for (const char* contradiction :
       {"--set data.format=csv --train-target t.tsv", "--train-target t.tsv --set data.columns=target=1",
        "--set data.format=dictionary --set data.columns=target=1"})
    refuses(scratch, std::string("train --train t.csv --out new ") + contradiction, 2, " set");
}

TEST_CASE("one token of 200 KB is left out of training") {
  const Scratch scratch;
  std::string pairs;
  for (const char* word : {"ab", "ba", "aab", "abb", "bba", "baa", "aba", "bab"})
    pairs += word + std::string("\tA B\n");
  scratch.write("t.tsv", pairs + std::string(200'000, 'a') + "\tA\n");
  const Ran ran =
      run(scratch,
          "train --model rnn-attention --train t.tsv --valid t.tsv --steps 1 --out new --set model.dim=8 --set "
          "model.hidden=8");
  CHECK(ran.code == 0);
  CHECK_THAT(ran.err, ContainsSubstring("read 8 pairs from t.tsv (1 pair left out: first at t.tsv:9:1: the source has "
                                        "200000 tokens, more than 1024 (data.max_tokens))"));
}

TEST_CASE("bad sources end decoding before the first output") {
  const Scratch scratch;
  REQUIRE(run(scratch, "train --model transformer --task copy --steps 1 --out run" + quick).code == 0);
  refuses(scratch, "decode --run run", 1, "standard input:1:2: a tab", "a\tb\n");
  refuses(scratch, "decode --run run", 1, "standard input:1:1: byte 0xFF is not UTF-8", "\xFF\n");
  refuses(scratch, "decode --run run", 1, "standard input:2:2: a carriage return inside the line", "a\nb\rc\n");
  refuses(scratch, "decode --run run", 1, "standard input:1:2: a NUL byte", std::string("a\0\n", 3));
  refuses(scratch, "decode --run run", 1, "this is UTF-16 text",
          std::string("\xFF\xFE"
                      "a\0\n\0",
                      6));
  scratch.write("empty.txt", "");
  refuses(scratch, "decode --run run --input empty.txt", 1, "empty.txt: the file is empty");
  refuses(scratch, "decode --run run --input missing.txt", 1, "missing.txt");
  scratch.write("long.tsv", "abcdefghijkl\tab\n");
  refuses(
      scratch, "eval --run run --test long.tsv", 1,
      "all 1 pair are left out (first: long.tsv:1:1: the source has 12 tokens, more than 11 (model.max_length = 12))");
  std::filesystem::resize_file(scratch.folder() / "run" / "best.safetensors", 100);
  refuses(scratch, "decode --run run", 1, "best.safetensors: not a valid safetensors file", "a\n");
  CHECK(run(scratch, "decode --run run --checkpoint last", "").code == 0);
}

TEST_CASE("the demo prints accuracy by length for the four models, examples and an attention map") {
  const Scratch scratch;
  const Ran demo = run(scratch, "demo --steps 10 --seed 3 --threads 2 --out runs");
  REQUIRE(demo.code == 0);
  for (const char* text :
       {"\nsource length", "\nrnn ", "\nrnn-attention ", "\nattention ", "\ntransformer ", "wanted", "⏎"})
    CHECK_THAT(demo.out, ContainsSubstring(text));
  CHECK(std::filesystem::exists(scratch.folder() / "runs" / "transformer" / "best.safetensors"));
  CHECK_THAT(demo.out, ContainsSubstring((scratch.folder() / "runs" / "report.html").string()));
  CHECK_THAT(data::contents(scratch.folder() / "runs" / "report.html"),
             ContainsSubstring("transformer – gradus report</title>"));
  CHECK_THAT(run(scratch, "demo --steps 10 --out runs").err, ContainsSubstring("holds a run already"));

  const Ran report = run(scratch, "report runs/rnn runs/attention --pairs 0");
  CHECK(report.code == 0);
  CHECK(report.out == (scratch.folder() / "report.html").string() + "\n");
  CHECK_THAT(data::contents(scratch.folder() / "report.html"),
             ContainsSubstring("demo --steps 10 --seed 3 --threads 2 --out runs"));
}

TEST_CASE("the program prints its version, its settings and its machine") {
  const Scratch scratch;
  const std::string cmake = data::contents("CMakeLists.txt");
  const std::string version = run(scratch, "--version").out;
  REQUIRE(version.substr(0, 7) == "gradus ");
  CHECK_THAT(cmake, ContainsSubstring("VERSION " + version.substr(7, version.size() - 8)));
  CHECK_THAT(run(scratch, "train --help-settings").out, ContainsSubstring("train.label_smoothing"));
  CHECK_THAT(run(scratch, "doctor").out, ContainsSubstring("kernels"));
  for (const char* command : {"train", "eval", "decode", "report", "demo", "inspect", "doctor"}) {
    const Ran help = run(scratch, std::string(command) + " --help");
    CHECK(help.code == 0);
    CHECK_THAT(help.out, ContainsSubstring("Usage"));
  }
}

}  // namespace gradus::cli_program_test
