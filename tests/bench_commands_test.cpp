#include <set>
#include <sstream>
#include <vector>

#include "program.h"

// The output and errors of `gradus bench`. Times are not checked.
namespace gradus::bench_commands_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using data::Scratch;

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Checks that lines that begin with `name` match the columns of the last line "# header ..." above them. Columns hold
// numbers, except those of names.
void has_columns(const std::string& out, const std::string& header, const std::string& name, std::size_t lines) {
  CAPTURE(out, name);
  const auto is_number = [](const std::string& word) {
    return word.find_first_not_of("0123456789.") == std::string::npos;
  };
  std::size_t found = 0;
  std::vector<std::string> columns;
  for (const std::string& line : lines_of(out)) {
    const std::vector<std::string> words = words_of(line);
    if (words.size() > 1 && words[0] == "#" && words[1] == header) columns = words;
    if (words.empty() || words[0] != name) continue;
    ++found;
    CHECK(words.size() + 1 == columns.size());
    for (std::size_t i = 1; i < words.size(); ++i) {
      CAPTURE(columns[i + 1], words[i]);
      CHECK((is_number(words[i]) || words[i] == "-" || columns[i + 1] == "size"));
    }
  }
  CHECK(found == lines);
}

void refuses(const Scratch& scratch, const std::string& arguments, const std::vector<std::string>& message) {
  const Ran ran = run(scratch, "bench " + arguments);
  CAPTURE(arguments, ran.err);
  CHECK(ran.code == 2);
  CHECK(ran.out.empty());
  CHECK(std::count(ran.err.begin(), ran.err.end(), '\n') == 1);
  for (const std::string& part : message) CHECK_THAT(ran.err, ContainsSubstring(part));
}

constexpr const char* quick = " --seconds 0.001 --threads 2";

}  // namespace

TEST_CASE("bench ops prints each op at three sizes, in the columns of its header") {
  const Scratch scratch;
  const Ran ran = run(scratch, std::string("bench ops --filter sigmoid") + quick);
  REQUIRE(ran.code == 0);
  CHECK_THAT(ran.out, ContainsSubstring("\nbandwidth copy"));
  has_columns(ran.out, "op", "sigmoid", 3);
}

TEST_CASE("bench ops prints products beside OpenBLAS and the machine's peak") {
  const Scratch scratch;
  const Ran ran = run(scratch, std::string("bench ops --filter 'matmul 0 32 64 64'") + quick);
  REQUIRE(ran.code == 0);
  CHECK_THAT(ran.out, ContainsSubstring("product_peak 2 "));
  has_columns(ran.out, "op", "matmul", 1);
  has_columns(run(scratch, std::string("bench ops --filter 'matmul 32 1 64'") + quick).out, "op", "matmul", 1);
}

TEST_CASE("bench ops prints the cost of recording a graph") {
  const Scratch scratch;
  const Ran ran = run(scratch, std::string("bench ops --part dispatch") + quick);
  REQUIRE(ran.code == 0);
  CHECK(lines_of(ran.out).size() == 8);
  for (const char* key : {"core_ratio ", "\ndispatch_chain1000 threads=2 ", " fwd_nograd_ns_per_op=",
                          " fwd_grad_ns_per_op=", " fwdbwd_ns_per_op=", "\ndispatch_view threads=2 fwd_nograd_ns="})
    CHECK_THAT(ran.out, ContainsSubstring(key));
}

TEST_CASE("bench ops prints the optimiser step") {
  const Scratch scratch;
  const Ran ran = run(scratch, std::string("bench ops --filter clip_adam") + quick);
  REQUIRE(ran.code == 0);
  CHECK_THAT(ran.out, ContainsSubstring("\nbandwidth update"));
  has_columns(ran.out, "op", "clip_adam", 1);
}

TEST_CASE("bench scaling prints the points of what grows") {
  const Scratch scratch;
  const auto sizes = [&](const std::string& arguments, std::size_t column, std::size_t points = 5) {
    const Ran ran = run(scratch, "bench scaling lstm_attn toy --set dim=16" + arguments + quick);
    REQUIRE(ran.code == 0);
    has_columns(ran.out, "model", "lstm_attn", points);
    std::vector<std::string> found;
    for (const std::string& line : lines_of(ran.out))
      if (line[0] != '#') found.push_back(words_of(line)[column]);
    return found;
  };
  CHECK(sizes(" --set batch=8", 2) == std::vector<std::string>{"2", "4", "8", "16", "32"});
  const std::string lengths = " --over length --set batch=2 --set source=1 --set target=12";
  CHECK(sizes(lengths, 3) == std::vector<std::string>{"1", "2", "4", "8", "16"});
  CHECK(sizes(lengths, 4) == std::vector<std::string>{"3", "6", "12", "24", "48"});
  const std::string short_batch = " --set batch=2 --set source=2 --set target=2";
  CHECK(sizes(" --over vocabulary" + short_batch, 5, 6) ==
        std::vector<std::string>{"64", "256", "1024", "4096", "16000", "64000"});
  CHECK(sizes(" --over layers" + short_batch, 6) == std::vector<std::string>{"1", "2", "4", "8", "16"});
}

TEST_CASE("bench memory prints the memory of equal and of mixed lengths") {
  const Scratch scratch;
  for (const auto& [lengths, column] : {std::pair{"equal", "5"}, std::pair{"mixed", "1-5"}}) {
    const Ran ran =
        run(scratch, std::string("bench memory rnn tiny --set dim=16 --set source=5 --set target=4 --steps 3 "
                                 "--lengths ") +
                         lengths);
    REQUIRE(ran.code == 0);
    CHECK_THAT(ran.out, ContainsSubstring("# model "));
    CHECK(words_of(lines_of(ran.out).back())[3] == column);
  }
}

TEST_CASE("bench epoch prints one line, and writes the batches") {
  const Scratch scratch;
  scratch.write("pairs.tsv", "a b c\tx y\nb\tx\na b\ty x\n");
  const Ran ran = run(scratch,
                      "bench epoch --train pairs.tsv --valid pairs.tsv --model rnn --set model.dim=8 --set "
                      "model.hidden=8 --set data.source_tokens=whitespace --set data.target_tokens=whitespace --set "
                      "train.batch=2 --batches batches.jsonl");
  REQUIRE(ran.code == 0);
  const std::vector<std::string> words = words_of(ran.out);
  CHECK(words.at(0) == "rnn");
  CHECK(words.at(1) == "epoch");
  CHECK_THAT(ran.out, ContainsSubstring(" steps=2 pairs=3 source_tokens=9 target_tokens=8 "));
  // 2 is the end mark, words follow the 4 marks in the order of their frequency.
  const std::vector<std::string> batches = lines_of(data::contents(scratch.folder() / "batches.jsonl"));
  CHECK(std::set<std::string>(batches.begin(), batches.end()) ==
        std::set<std::string>{R"({"source":[[4,2],[5,4,2]],"target":[[4,2],[5,4,2]]})",
                              R"({"source":[[5,4,6,2]],"target":[[4,5,2]]})"});

  const Ran images = run(scratch, "bench epoch --model vit --task fashion-mnist");
  CHECK(images.code != 0);
}

TEST_CASE("bench decode prints greedy and beam 5, for one sentence and for batches") {
  const Scratch scratch;
  const Ran ran = run(scratch, std::string("bench decode rnn tiny --set dim=8 --set source=3 --set target=2") + quick);
  REQUIRE(ran.code == 0);
  has_columns(ran.out, "model", "rnn", 4);
}

TEST_CASE("bench step prints one line of its columns") {
  const Scratch scratch;
  const Ran ran = run(scratch, "bench step attention tiny --set dim=16 --seconds 0.01 --threads 1 --peak 100");
  REQUIRE(ran.code == 0);
  const std::vector<std::string> words = words_of(ran.out);
  REQUIRE(words.size() > 6);
  CHECK(words[0] == "attention");
  CHECK(words[1] == "tiny,dim=16");
  CHECK(words[2] == "1");
  for (const char* key : {"min_ms=", "p90_ms=", "fwd_ms=", "bwd_ms=", "clip_ms=", "optim_ms=", "gflop=", "gflops=",
                          "mfu_pct=", "peak_gflops=100.0"})
    CHECK_THAT(ran.out, ContainsSubstring(std::string(" ") + key));
}

TEST_CASE("bench cnn trains a small convolutional network") {
  const Scratch scratch;
  const Ran ran = run(scratch, "bench cnn --seconds 0.01 --threads 2");
  REQUIRE(ran.code == 0);
  const std::vector<std::string> words = words_of(ran.out);
  REQUIRE(words.size() > 6);
  CHECK(words[1] == "cnn");
  CHECK(words[2] == "2");
  for (const char* key : {"min_ms=", "fwd_ms=", "bwd_ms=", "optim_ms=", "loss="})
    CHECK_THAT(ran.out, ContainsSubstring(std::string(" ") + key));
}

TEST_CASE("a wrong option of a benchmark is refused with its name and range") {
  const Scratch scratch;
  for (const char* value : {"0", "-1", "x", "nan", "1e99"}) {
    refuses(scratch, std::string("ops --seconds ") + value, {"--seconds", value, "0.001 to 60"});
    refuses(scratch, std::string("scaling rnn tiny --seconds ") + value, {"--seconds", value, "0.001 to 3600"});
    refuses(scratch, std::string("ops --threads ") + value, {"--threads", value, "1 to 1024"});
  }
  refuses(scratch, "ops --filter nonesuch", {"--filter", "nonesuch", "no name contains nonesuch: add, mul"});
  refuses(scratch, "ops --part adm", {"--part", "adm", "ops,adam,matmul,dispatch"});
  refuses(scratch, "ops tanh", {"tanh"});
  refuses(scratch, "scaling rnn tiny --over both", {"--over", "both", "batch,length"});
  refuses(scratch, "scaling rnn toi", {"size", "one of tiny, small, base"});
  refuses(scratch, "scaling rn toy", {"model", "one of rnn, rnn-attention"});
  refuses(scratch, "scaling rnn tiny --set batch=0", {"batch = 0", "from 1 to 1000000"});
  refuses(scratch, "scaling rnn tiny --over length --set source=1000000", {"source = 2000000", "from 1 to 1000000"});
  refuses(scratch, "step rnn toi", {"size", "one of tiny, small, base"});
  refuses(scratch, "scaling rnn", {"SIZE"});
  refuses(scratch, "", {"subcommand"});
}

}  // namespace gradus::bench_commands_test
