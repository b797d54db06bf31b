#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>

#include <gradus/autograd/foundation/parallel.h>
#include <gradus/files/internal/file_calls.h>
#include <gradus/train/trainer.h>

#include "catch.h"
#include "data_scratch.h"
#include "small_run.h"

namespace gradus::train::train_resume_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using data::contents;
using data::Scratch;

}  // namespace

TEST_CASE("a run that is stopped every few steps and resumed with other numbers of threads writes the same files") {
  for (const char* model : {"rnn", "rnn-attention", "attention", "transformer"}) {
    const Scratch scratch;
    const RunConfig config = small({{"model.name", model},
                                    {"train.schedule", "plateau"},
                                    {"train.decay_every", "1"},
                                    {"train.average", "0.9"},
                                    {"train.keep", "2"},
                                    {"train.keep_best", "2"},
                                    {"train.scheduled_sampling", "0.5"}});
    const Outcome whole = undisturbed(config, scratch.folder() / "whole");
    {
      Trained first(config);
      first.make(scratch.folder() / "parts");
    }
    Outcome part;
    int stops = 0;
    do {
      set_threads(1 + stops % 3);
      part = go_on(scratch.folder() / "parts", 1 + stops % 7);
      ++stops;
    } while (part.ending == Ending::interrupted);
    set_threads(0);
    CAPTURE(model, stops);
    CHECK(stops > 8);
    CHECK(part.position == whole.position);
    check_same_files(scratch.folder() / "whole", scratch.folder() / "parts");
  }
}

TEST_CASE("resuming does not change a run that is complete or out of patience") {
  for (const char* patience : {"0", "2"}) {
    const Scratch scratch;
    const Outcome whole =
        undisturbed(small({{"train.patience", patience}, {"train.lr", "1e-30"}}), scratch.folder() / "a");
    std::filesystem::copy(scratch.folder() / "a", scratch.folder() / "b");
    const Outcome again = go_on(scratch.folder() / "b");
    CHECK(again.ending == whole.ending);
    CHECK(again.position == whole.position);
    check_same_files(scratch.folder() / "a", scratch.folder() / "b");
  }
}

TEST_CASE("metrics after the last checkpoint, and a partial line, are removed") {
  const Scratch scratch;
  const auto path = scratch.folder() / "run";
  undisturbed(small(), scratch.folder() / "whole");
  {
    Trained t(small());
    t.make(path);
  }
  go_on(path, 10);
  { std::ofstream(path / "metrics.jsonl", std::ios::app) << "{\"step\":12,\"loss\":1}\n{\"step\":1"; }
  go_on(path);
  check_same_files(scratch.folder() / "whole", path);

  scratch.write("m", "one\ntwo\nthr");
  { MetricsLog log(scratch.folder() / "m", 100); }
  CHECK(contents(scratch.folder() / "m") == "one\ntwo\n");
  { MetricsLog log(scratch.folder() / "m", 6); }
  CHECK(contents(scratch.folder() / "m") == "one\n");
  {
    MetricsLog log(scratch.folder() / "m", 4);
    log.append("2");
    CHECK(log.size() == 6);
  }
  CHECK(contents(scratch.folder() / "m") == "one\n2\n");
  { MetricsLog log(scratch.folder() / "m", 0); }
  CHECK(contents(scratch.folder() / "m").empty());
  CHECK_THROWS_WITH(MetricsLog(scratch.folder() / "no" / "m", 0), ContainsSubstring("No such file or directory"));
}

TEST_CASE("the newest train.keep states are kept, and no others") {
  const Scratch scratch;
  undisturbed(small({{"train.keep", "3"}}), scratch.folder() / "run");
  std::vector<std::string> names;
  for (const auto& file : RunDirectory::open(scratch.folder() / "run").kept()) names.push_back(file.filename());
  // 42 steps: saved at multiples of 4, after validations at multiples of 9, and at the end
  CHECK(names == std::vector<std::string>{"step-0000000036.safetensors", "step-0000000040.safetensors",
                                          "step-0000000042.safetensors"});
  CHECK(contents(scratch.folder() / "run" / names.back()) ==
        contents(RunDirectory::open(scratch.folder() / "run").last()));
}

TEST_CASE("kept states beyond a run's own steps belong to another run and are removed first") {
  const Scratch scratch;
  const auto path = scratch.folder() / "run";
  undisturbed(small({{"train.keep", "2"}}), path);  // keeps 40 and 42
  std::filesystem::copy_file(path / "step-0000000042.safetensors", path / "step-99999999999.safetensors");
  std::filesystem::remove(path / "last.safetensors");
  go_on(path, 5);  // begun again: 4 is kept
  std::vector<std::string> names;
  for (const auto& file : RunDirectory::open(path).kept()) names.push_back(file.filename());
  CHECK(names == std::vector<std::string>{"step-0000000004.safetensors", "step-99999999999.safetensors"});
  go_on(path);
  names.clear();
  for (const auto& file : RunDirectory::open(path).kept()) names.push_back(file.filename());
  CHECK(names == std::vector<std::string>{"step-0000000040.safetensors", "step-0000000042.safetensors"});
}

TEST_CASE("a run that continues from an older kept state ends with the same files") {
  const Scratch scratch;
  const auto path = scratch.folder() / "run";
  undisturbed(small({{"train.keep", "20"}}), path);
  std::filesystem::copy(path, scratch.folder() / "whole");
  std::filesystem::copy_file(path / "step-0000000008.safetensors", path / "last.safetensors",
                             std::filesystem::copy_options::overwrite_existing);
  go_on(path);
  check_same_files(scratch.folder() / "whole", path);
}

TEST_CASE("missing lines of metrics are reported, and the run continues") {
  const Scratch scratch;
  const auto path = scratch.folder() / "run";
  {
    Trained t(small());
    t.make(path);
  }
  go_on(path, 10);
  const auto size = std::filesystem::file_size(path / "metrics.jsonl");
  scratch.write("run/metrics.jsonl", "{}\n{");
  const RunDirectory directory = RunDirectory::reopen(path);
  Trained t(small());
  t.trainer.resume(directory);
  {
    std::FILE* log = std::fopen((scratch.folder() / "log").c_str(), "w");
    Progress progress(log, false, [] { return 0.0; });
    t.trainer.run(progress, &directory);
    std::fclose(log);
  }
  CHECK_THAT(
      contents(scratch.folder() / "log"),
      ContainsSubstring(fmt::format("metrics.jsonl lacks {} of the {} bytes that were written", size - 3, size)));
  CHECK(contents(path / "metrics.jsonl").starts_with("{}\n{\"step\":12,"));
}

TEST_CASE("another run's vocabulary of the same size is refused") {
  const Scratch scratch;
  const auto path = scratch.folder() / "run";
  undisturbed(small(), path);
  const std::string text = contents(path / "target.vocab");
  const std::string specials = "<pad>\n<bos>\n<eos>\n<unk>\n";
  REQUIRE(text.starts_with(specials));
  const std::string rest = text.substr(specials.size());
  scratch.write("run/target.vocab", specials + rest.substr(2) + rest.substr(0, 2));
  CHECK_THROWS_WITH(go_on(path), ContainsSubstring("target.vocab: it is not the vocabulary of the task reverse"));
  CHECK_THROWS_WITH(load_run(RunDirectory::open(path)), ContainsSubstring("it was trained with other vocabularies"));
  std::filesystem::remove(path / "target.vocab");
  CHECK_THROWS_WITH(go_on(path), ContainsSubstring("target.vocab: the file cannot be opened"));
  scratch.write("run/target.vocab", text);
  CHECK_NOTHROW(load_run(RunDirectory::open(path)));
}

TEST_CASE("a run is not resumed on other pairs, from a first-format checkpoint, or from an invalid position") {
  const Scratch scratch;
  {
    Trained t(small());
    t.make(scratch.folder() / "run");
  }
  go_on(scratch.folder() / "run", 5);
  const RunDirectory directory = RunDirectory::open(scratch.folder() / "run");
  const files::Safetensors good = files::read_safetensors(directory.last());

  Trained other(small({{"train.seed", "2"}}));
  CHECK_THROWS_WITH(other.trainer.resume(directory),
                    ContainsSubstring("it was trained on other pairs than the task reverse gives now (train.seed = 2, "
                                      "was 1); restore the old ones"));

  const auto refused = [&](const std::map<std::string, std::string>& metadata) -> std::string {
    files::Safetensors bad = good;
    for (const auto& [key, value] : metadata) bad.metadata[key] = value;
    files::write_safetensors(directory.last(), bad);
    Trained t(small());
    try {
      t.trainer.resume(directory);
    } catch (const Error& e) {
      return e.what();
    }
    return "accepted";
  };
  CHECK(refused({}) == "accepted");
  CHECK_THAT(refused({{"batch", "14"}, {"step", "14"}}),
             ContainsSubstring("its metadata are impossible: \"batch\" is 14, an epoch has 14 batches"));
  CHECK_THAT(refused({{"step", "6"}}), ContainsSubstring("\"step\" is 6, but \"epoch\" 0 and \"batch\" 5 make 5"));
  CHECK_THAT(refused({{"step", "4"}}), ContainsSubstring("\"step\" is 4, less than the 5 that"));
  CHECK_THAT(refused({{"batch", "-1"}}), ContainsSubstring("no valid \"batch\""));
  CHECK_THAT(refused({{"epoch", "9223372036854775807"}}), ContainsSubstring("no valid \"epoch\""));
  CHECK_THAT(refused({{"loss_steps", "1000000000000001"}}), ContainsSubstring("no valid \"loss_steps\""));
  CHECK_THAT(refused({{"vocabularies", "-1"}}), ContainsSubstring("no valid \"vocabularies\""));
  CHECK_THAT(refused({{"format", "gradus-checkpoint-3"}}), ContainsSubstring("an older version"));
  CHECK_THAT(refused({{"loss_sum", ""}}), ContainsSubstring("no valid \"loss_sum\""));
  CHECK_THAT(refused({{"format", "gradus-checkpoint-1"}}), ContainsSubstring("an older version"));
  CHECK_THAT(refused({{"format", "gradus-checkpoint-5"}}), ContainsSubstring("not a checkpoint of this program"));
  files::write_safetensors(directory.best(), pack(*other.run.store, {}));
  CHECK_NOTHROW(load_run(directory));
}

namespace {

// While it exists, the n-th system call fails and syncs do nothing, to save time.
class Fault {
 public:
  Fault(int n, int reason) : old_(files::file_calls()), left_(n), reason_(reason) {
    files::FileCalls& calls = files::file_calls();
    calls.open = [this](const char* path, int flags, mode_t mode) {
      return fails("open") ? -1 : old_.open(path, flags, mode);
    };
    calls.write = [this](int file, const void* bytes, std::size_t size) -> ssize_t {
      const std::size_t half = size / 2;
      if (!fails("write")) return old_.write(file, bytes, size);
      if (half > 0) static_cast<void>(old_.write(file, bytes, half));  // a partial write, then the reason
      return -1;
    };
    calls.truncate = [this](int file, off_t size) { return fails("truncate") ? -1 : old_.truncate(file, size); };
    calls.fsync = [this](int) { return fails("fsync") ? -1 : 0; };
    calls.close = [this](int file) {
      const int closed = old_.close(file);
      return fails("close") ? -1 : closed;
    };
    calls.rename = [this](const char* from, const char* to) { return fails("rename") ? -1 : old_.rename(from, to); };
  }
  ~Fault() { files::file_calls() = old_; }

  const std::string& failed() const { return failed_; }  // empty: there were fewer calls

 private:
  bool fails(const char* call) {
    if (left_-- != 0) return false;
    failed_ = call;
    errno = reason_;
    return true;
  }

  files::FileCalls old_;
  int left_, reason_;
  std::string failed_;
};

}  // namespace

TEST_CASE(
    "after any failing call of a run, the reason is reported, the checkpoints load, and the run continues to the same "
    "end") {
  const Scratch scratch;
  const RunConfig config = small({{"model.name", "attention"},
                                  {"train.optimizer", "sgd"},
                                  {"train.keep", "1"},
                                  {"train.epochs", "1"},
                                  {"data.pairs", "45"},
                                  {"train.save_every", "2"},
                                  {"train.log_every", "1"}});
  const Fault none(-1, 0);
  undisturbed(config, scratch.folder() / "whole");
  std::map<std::string, int> failures;
  int calls = 0;
  for (bool more = true; more; ++calls) {
    const auto path = scratch.folder() / fmt::format("run{}", calls);
    const int reason = std::array{ENOSPC, EIO, EACCES}[static_cast<std::size_t>(calls % 3)];
    CAPTURE(calls, std::strerror(reason));
    std::string message, failed;
    {
      const Fault fault(calls, reason);
      try {
        undisturbed(config, path);
      } catch (const Error& e) {
        message = e.what();
      }
      failed = fault.failed();
    }
    more = !failed.empty();
    CAPTURE(failed, message);
    ++failures[failed];
    if (more) {
      CHECK_THAT(message, ContainsSubstring(path.string()));
      CHECK((message.find(failed + " ") != std::string::npos ||
             (failed == "open" && (message.find("create ") != std::string::npos ||
                                   message.find(".jsonl: cannot be opened") != std::string::npos))));
      CHECK_THAT(message, ContainsSubstring(std::strerror(reason)));
    }
    if (!std::filesystem::exists(path)) {  // creation of the run failed and left nothing
      undisturbed(config, path);
    } else {
      for (const char* name : {"best.safetensors", "last.safetensors"})
        if (std::filesystem::exists(path / name)) CHECK_NOTHROW(files::read_safetensors(path / name));
      go_on(path);
    }
    check_same_files(scratch.folder() / "whole", path);
    std::filesystem::remove_all(path);
  }
  for (const char* call : {"open", "write", "fsync", "close", "rename"}) CHECK(failures[call] > 5);
  CHECK(calls > 100);
}

}  // namespace gradus::train::train_resume_test
