#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
#include <chrono>
#include <limits>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "program.h"
#include "scaled.h"

// Trainers in processes of their own that are stopped, killed and resumed.
namespace gradus::cli_resume_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using data::contents;
using data::Scratch;

const std::string settings =
    " --set model.dim=16 --set model.hidden=16 --set data.pairs=400 --set data.valid_pairs=20 --set data.max_length=4 "
    "--set model.max_length=12 --set model.dropout=0.2";

// The program, started in the folder; its output goes to the file `log` there.
class Process {
 public:
  Process(const Scratch& scratch, const std::string& arguments) : log_(scratch.folder() / "log") {
    std::istringstream text(arguments);
    std::vector<std::string> words{program()};
    for (std::string word; text >> word;) words.push_back(word);
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    id_ = ::fork();
    REQUIRE(id_ >= 0);
    if (id_ > 0) return;
    const int log = ::open(log_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (::chdir(scratch.folder().c_str()) != 0 || ::dup2(log, 1) < 0 || ::dup2(log, 2) < 0) ::_exit(126);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ~Process() {
    if (id_ > 0) {
      ::kill(id_, SIGKILL);
      wait();
    }
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void send(int signal) const { ::kill(id_, signal); }
  bool running() {
    if (id_ > 0 && ::waitpid(id_, &status_, WNOHANG) == id_) id_ = 0;
    return id_ > 0;
  }
  // The exit code, or minus the number of the signal that ended the process.
  int wait() {
    if (id_ > 0) ::waitpid(id_, &status_, 0);
    id_ = 0;
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_);
  }
  std::string log() const { return contents(log_); }

 private:
  std::filesystem::path log_;
  pid_t id_ = -1;
  int status_ = 0;
};

void wait_for(const std::filesystem::path& file, Process& process) {
  while (process.running() && (!std::filesystem::exists(file) || std::filesystem::is_empty(file)))
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CAPTURE(process.log());
  REQUIRE(process.running());
}

void check_same_runs(const std::filesystem::path& a, const std::filesystem::path& b) {
  for (const char* file :
       {"last.safetensors", "best.safetensors", "metrics.jsonl", "config.toml", "source.vocab", "target.vocab"}) {
    CAPTURE(file);
    CHECK(contents(a / file) == contents(b / file));
  }
  // With times.jsonl, and with provenance.json unless a kill came before it.
  const int extra = std::filesystem::exists(b / "provenance.json") ? 2 : 1;
  CHECK(std::distance(std::filesystem::directory_iterator(b), {}) == 6 + extra);
}

}  // namespace

// GRADUS_KILLS is the number of kills; GRADUS_KILL_SEED is the seed of their moments.
TEST_CASE("a run killed at random moments and resumed ends with the bytes of an undisturbed run") {
  const char* wanted = std::getenv("GRADUS_KILLS");
  const char* seed = std::getenv("GRADUS_KILL_SEED");
  const int kills = wanted == nullptr ? 6 : std::atoi(wanted);
  const Scratch scratch;
  const std::string train =
      "train --resume --model rnn-attention --task reverse --epochs " + std::to_string(scaled(30)) +
      " --set train.batch=8 "
      "--set train.save_every=7 --set train.evaluate_every=60 --set train.log_every=5 --set train.average=0.9" +
      settings;
  const auto before = std::chrono::steady_clock::now();
  REQUIRE(run(scratch, train + " --out whole").code == 0);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();

  std::mt19937 random(seed == nullptr ? 1 : static_cast<unsigned>(std::atoi(seed)));
  const auto out = scratch.folder() / "killed";
  const double longest = 0.3 * seconds;
  int killed = 0, complete = 0, unmade = 0, writing = 0;
  for (; killed < kills; ++complete) {
    if (complete > 0) std::filesystem::remove_all(out);
    for (bool first = true; killed < kills; first = false) {
      if (!first && !std::filesystem::exists(out / "config.toml")) ++unmade;
      Process process(scratch, train + " --out killed --threads " + std::to_string(1 + killed % 3));
      const double wait = longest * static_cast<double>(random()) / static_cast<double>(std::mt19937::max());
      std::this_thread::sleep_for(std::chrono::duration<double>(wait));
      process.send(SIGKILL);
      const int code = process.wait();
      CAPTURE(killed, wait, process.log());
      REQUIRE((code == -SIGKILL || code == 0));
      if (code == 0) break;
      ++killed;
      std::error_code none;
      for (const auto& file : std::filesystem::directory_iterator(out, none))
        writing += file.path().extension() == ".tmp" ? 1 : 0;
      // At any moment a reader finds whole files.
      for (const char* file : {"last", "best"}) {
        if (!std::filesystem::exists(out / (std::string(file) + ".safetensors"))) continue;
        const Ran seen = run(scratch, std::string("inspect killed/") + file + ".safetensors");
        CAPTURE(seen.err);
        REQUIRE(seen.code == 0);
      }
    }
    const Ran end = run(scratch, train + " --out killed");
    CAPTURE(end.err);
    REQUIRE(end.code == 0);
    check_same_runs(scratch.folder() / "whole", out);
  }
  WARN(killed << " kills in " << complete << " runs of " << seconds << " s: " << unmade
              << " before the run directory was made, " << writing << " while a file was written");
}

TEST_CASE("a first signal saves the state, prints how to continue and sets the exit code, and a second one ends it") {
  const Scratch scratch;
  const std::string long_train = "train --task copy --steps 100000000 --set train.log_every=1" + settings;
  for (const auto& [signal, code] :
       {std::pair(SIGINT, 130), std::pair(SIGTERM, 143), std::pair(SIGUSR1, 143), std::pair(SIGHUP, 129)}) {
    const std::string name = "run" + std::to_string(signal);
    Process process(scratch, long_train + " --out " + name);
    wait_for(scratch.folder() / name / "metrics.jsonl", process);
    process.send(signal);
    CHECK(process.wait() == code);
    CHECK_THAT(process.log(), ContainsSubstring("stopping after this step; interrupt again to stop at once\n"));
    CHECK_THAT(process.log(), ContainsSubstring("interrupted after step "));
    CHECK_THAT(process.log(), ContainsSubstring("; to continue: gradus train --resume --out " + name + "\n"));
    CHECK(run(scratch, "decode --checkpoint last --run " + name, "ab\n").code == 0);
  }
  // The step is long: the second signal arrives during the first step, except on the fastest machines.
  Process process(scratch, long_train +
                               " --set model.cell=lstm --set model.dim=512 --set model.hidden=1024 --set "
                               "train.batch=400 --out two");
  wait_for(scratch.folder() / "two" / "config.toml", process);
  process.send(SIGTERM);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  process.send(SIGINT);
  const int code = process.wait();
  CAPTURE(code);
  CHECK((code == -SIGINT || code == -SIGTERM || code == 143));
}

TEST_CASE("a second trainer is refused while a run is in use, and accepted after the first is killed") {
  const Scratch scratch;
  Process process(scratch, "train --task copy --steps 100000000 --set train.log_every=1 --out run" + settings);
  wait_for(scratch.folder() / "run" / "metrics.jsonl", process);
  for (const char* again : {"train --resume --out run", "train --task copy --overwrite --out run"}) {
    const Ran second = run(scratch, again);
    CHECK(second.code == 1);
    CHECK_THAT(second.err, ContainsSubstring("gradus: run is in use: another process is training in it"));
  }
  CHECK(process.running());
  process.send(SIGKILL);
  process.wait();
  Process next(scratch, "train --resume --out run");
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  next.send(SIGINT);
  const int code = next.wait();
  CAPTURE(next.log());
  CHECK((code == 130 || code == -SIGINT));
}

TEST_CASE("a run whose checkpoint cannot be written ends with the reason, and can be resumed later") {
  const Scratch scratch;
  const std::string train = "train --model rnn --task copy --steps 60 --set train.evaluate_every=20" + settings;
  REQUIRE(run(scratch, train + " --out whole").code == 0);
  const auto limited = [&](int kibibytes) {
    const std::string command = "cd " + scratch.folder().string() + " && bash -c 'ulimit -f " +
                                std::to_string(kibibytes) + "; exec " + program() + " " + train +
                                " --out killed' 2> err > out";
    return WEXITSTATUS(std::system(command.c_str()));
  };
  const auto size = std::filesystem::file_size(scratch.folder() / "whole" / "last.safetensors");
  CHECK(limited(static_cast<int>(size / 1024 - 1)) == 1);
  CHECK_THAT(contents(scratch.folder() / "err"),
             ContainsSubstring("gradus: cannot write killed/last.safetensors: write failed: File too large\n"));
  CHECK(run(scratch, "inspect killed/best.safetensors").code == 0);
  CHECK(run(scratch, "train --resume --out killed").code == 0);
  check_same_runs(scratch.folder() / "whole", scratch.folder() / "killed");
}

TEST_CASE("a resumed run keeps its settings: flags may repeat them, not contradict them") {
  const Scratch scratch;
  const std::string train = "train --model rnn --task copy --steps 8 --out run" + settings;
  REQUIRE(run(scratch, train).code == 0);
  const std::string last = contents(scratch.folder() / "run" / "last.safetensors");
  const auto refused = [&](const std::string& flags, int code, const std::string& message) {
    const Ran ran = run(scratch, "train --resume --out run " + flags);
    CAPTURE(flags, ran.err);
    CHECK(ran.code == code);
    CHECK_THAT(ran.err, ContainsSubstring(message));
  };
  refused("--steps 9", 2, "train.steps = 9 contradicts the run in run, which has 8");
  refused("--model transformer", 2, "model.name = \"transformer\" contradicts");
  refused("--seed 2", 2, "train.seed = 2 contradicts");
  refused("--set train.lr=0.5", 2, "train.lr = 0.5 contradicts");
  refused("--preset base", 2, "contradicts");
  refused("--overwrite", 2, "excludes");
  scratch.write("other.toml", "[train]\nbatch = 3\n");
  refused("--config other.toml", 2, "train.batch = 3 contradicts");
  CHECK(contents(scratch.folder() / "run" / "last.safetensors") == last);
  CHECK(run(scratch, train + " --resume").code == 0);
  CHECK(run(scratch, "train --resume --out run --detect-nan").code == 0);
  CHECK(contents(scratch.folder() / "run" / "last.safetensors") == last);

  CHECK_THAT(run(scratch, "train --resume --out none").err, ContainsSubstring("there is no such run directory"));
  CHECK_THAT(run(scratch, "train --resume --out .").err, ContainsSubstring("not a run directory"));
  std::filesystem::resize_file(scratch.folder() / "run" / "last.safetensors", last.size() - 1);
  refused("", 1, "run/last.safetensors: not a valid safetensors file");
}

TEST_CASE("one command with --resume begins a run and continues it, and destroys no checkpoint") {
  const Scratch scratch;
  const std::string train = "train --resume --model rnn --task copy --steps 4 --out run" + settings;
  REQUIRE(run(scratch, train).code == 0);
  const std::string last = contents(scratch.folder() / "run" / "last.safetensors");
  const Ran again = run(scratch, train);
  CHECK(again.code == 0);
  CHECK_THAT(again.err, ContainsSubstring("continuing after step 4"));
  CHECK(contents(scratch.folder() / "run" / "last.safetensors") == last);

  CHECK_THAT(run(scratch, "train --resume --detect-nan --out typo").err,
             ContainsSubstring("typo: there is no such run"));

  std::filesystem::remove(scratch.folder() / "run" / "config.toml");
  const Ran checkpoints = run(scratch, train);
  CHECK(checkpoints.code == 1);
  CHECK_THAT(checkpoints.err, ContainsSubstring("holds checkpoints and no config.toml"));
  CHECK(contents(scratch.folder() / "run" / "last.safetensors") == last);
  for (const char* file : {"last.safetensors", "best.safetensors"})
    std::filesystem::remove(scratch.folder() / "run" / file);
  CHECK(run(scratch, train).code == 0);  // a partial run is left
  CHECK(contents(scratch.folder() / "run" / "last.safetensors") == last);
}

TEST_CASE("settings that depend on the data may be repeated only as first given") {
  const Scratch scratch;
  scratch.write("d", "a  AH0\nab  AH0 B\nb  B\n");
  const std::string dictionary = " --train d --valid d --set data.format=dictionary --steps 2";
  for (const std::string& flags :
       {std::string(
            " --model transformer --set model.positions=sinusoidal --task copy --steps 2 --set decode.max_length=5000"),
        std::string(" --model rnn --task copy --steps 2 --set decode.max_length=0 --set data.source_tokens=auto"),
        " --model rnn --set data.target_tokens=auto" + dictionary}) {
    CAPTURE(flags);
    std::filesystem::remove_all(scratch.folder() / "run");
    const std::string train = "train --resume --out run" + flags + settings;
    REQUIRE(run(scratch, train).code == 0);
    const Ran again = run(scratch, train);
    CAPTURE(again.err);
    CHECK(again.code == 0);
    CHECK_THAT(again.err, ContainsSubstring("continuing after step 2"));
    const Ran other = run(scratch, train + " --set decode.max_length=3");
    CHECK(other.code == 2);
    CHECK_THAT(other.err, ContainsSubstring("decode.max_length = 3 contradicts the run in run"));
  }
}

TEST_CASE("inspect shows names, dtypes, shapes, norms and metadata, without control characters") {
  const Scratch scratch;
  REQUIRE(run(scratch, "train --model rnn --task copy --steps 2 --out run" + settings).code == 0);
  const Ran seen = run(scratch, "inspect run/last.safetensors");
  CHECK(seen.code == 0);
  for (const char* text : {"dtype", "norm", "encoder", "optimizer.exp_avg", "f32", "i64", " 0 not finite\n",
                           "format = gradus-checkpoint-4\n", "step = 2\n"})
    CHECK_THAT(seen.out, ContainsSubstring(text));
  const std::string header =
      R"({"a\u001b[31m":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},"__metadata__":{"k\n":"v\u0007"}})";
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(header.size());
  const float values[] = {3, -4, std::numeric_limits<float>::quiet_NaN()};
  bytes += header + std::string(reinterpret_cast<const char*>(values), sizeof values);
  scratch.write("t.safetensors", bytes);
  const std::string out = run(scratch, "inspect t.safetensors").out;
  CHECK_THAT(out, ContainsSubstring("5 + 1 not finite\n"));
  CHECK_THAT(out, ContainsSubstring("k\\x0A = v\\x07\n"));
  CHECK(out.find('\x1b') == std::string::npos);
  CHECK(run(scratch, "inspect none").code == 1);
  const std::string narrow = R"({"b":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}})";
  std::string half(8, '\0');
  half[0] = static_cast<char>(narrow.size());
  scratch.write("h.safetensors", half + narrow + "\x80\x3F");
  CHECK_THAT(run(scratch, "inspect h.safetensors").out, ContainsSubstring("bf16"));
}

}  // namespace gradus::cli_resume_test
