#include <sys/stat.h>
#include <cerrno>

#include <gradus/files/internal/file_calls.h>
#include <gradus/train/run.h>

#include "small_run.h"

namespace gradus::train::train_unsafe_files_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using data::contents;
using data::Scratch;
namespace fs = std::filesystem;

const std::vector<std::string> run_files = {"config.toml", "source.vocab",     "target.vocab",    "metrics.jsonl",
                                            "times.jsonl", "best.safetensors", "last.safetensors"};

void make_run_at(const fs::path& path) { undisturbed(small({{"train.epochs", "1"}, {"data.pairs", "30"}}), path); }

// Opens a file of a run in the way of its kind.
void open_file(const fs::path& file) {
  const std::string name = file.filename();
  if (name == "config.toml") read_config(file);
  if (name == "source.vocab") RunDirectory::open(file.parent_path()).read_source_vocabulary({});
  if (name == "target.vocab") RunDirectory::open(file.parent_path()).read_target_vocabulary({});
  if (name.ends_with(".safetensors")) read_checkpoint(file);
  if (name == "metrics.jsonl") MetricsLog(file, 0);
  if (name == "times.jsonl") TimesLog(file, 0);
}

}  // namespace

TEST_CASE("a run with a link, a second name or a pipe in place of a file is refused by its name, and nothing changes") {
  const Scratch scratch;
  const fs::path run = scratch.folder() / "run", elsewhere = scratch.folder() / "elsewhere";
  make_run_at(run);
  for (const std::string& name : run_files) {
    CAPTURE(name);
    const fs::path file = run / name;
    const std::string text = contents(file);
    const auto refused = [&](const std::string& reason) {
      const std::string message = file.string() + ": " + reason;
      CHECK_THROWS_WITH(RunDirectory::open(run), ContainsSubstring(message));
      CHECK_THROWS_WITH(RunDirectory::reopen(run), ContainsSubstring(message));
      CHECK_THROWS_WITH(open_file(file), ContainsSubstring(message));
    };
    fs::rename(file, elsewhere);
    fs::create_symlink(elsewhere, file);
    refused("a link");
    fs::remove(file);
    fs::create_hard_link(elsewhere, file);
    refused("a file of 2 names");
    fs::remove(file);
    REQUIRE(::mkfifo(file.c_str(), 0666) == 0);
    refused("not a regular file");
    fs::remove(file);
    CHECK(contents(elsewhere) == text);
    fs::rename(elsewhere, file);
    CHECK_NOTHROW(RunDirectory::open(run));
  }
}

TEST_CASE("a run that is replaced loses its links, and the files that they point to stay") {
  const Scratch scratch;
  const fs::path run = scratch.folder() / "run";
  make_run_at(run);
  for (const std::string& name : run_files) {
    scratch.write(name, "mine");
    fs::remove(run / name);
    if (name != "config.toml") fs::create_symlink(scratch.folder() / name, run / name);
  }
  fs::create_hard_link(scratch.folder() / "config.toml", run / "config.toml");
  const Trained t(small());
  RunDirectory::create(run, t.config, t.dataset.source, t.dataset.target, Replace::run);
  for (const std::string& name : run_files) {
    CAPTURE(name);
    CHECK(contents(scratch.folder() / name) == "mine");
    CHECK_FALSE(fs::is_symlink(run / name));
  }
  CHECK_NOTHROW(RunDirectory::open(run));
}

TEST_CASE("a link to nothing in the path of a new run is refused and stays") {
  const Scratch scratch;
  const fs::path link = scratch.folder() / "link";
  fs::create_symlink(scratch.folder() / "none", link);
  const Trained t(small());
  for (const fs::path& path : {link, link / "run", link / "deep" / "run"}) {
    CAPTURE(path);
    for (const Replace replace : {Replace::nothing, Replace::unmade, Replace::run}) {
      CHECK_THROWS_WITH(RunDirectory::create(path, t.config, t.dataset.source, t.dataset.target, replace),
                        ContainsSubstring(link.string() + " is a link to " + (scratch.folder() / "none").string() +
                                          ", which does not exist"));
    }
    CHECK(fs::is_symlink(link));
  }
  fs::create_directory(scratch.folder() / "none");  // a link to a folder is the user's choice
  CHECK_NOTHROW(RunDirectory::create(link, t.config, t.dataset.source, t.dataset.target));
}

TEST_CASE("a checkpoint with a changed bit is refused by the name of the tensor") {
  const Scratch scratch;
  const fs::path run = scratch.folder() / "run";
  make_run_at(run);
  const fs::path file = run / "last.safetensors";
  std::string bytes = contents(file);
  bytes[bytes.size() - 3] = static_cast<char>(bytes[bytes.size() - 3] ^ 1);  // the lowest bits of a fraction
  scratch.write("run/last.safetensors", bytes);
  CHECK_THROWS_WITH(go_on(run), ContainsSubstring(file.string() + ": the values of tensor \"") &&
                                    ContainsSubstring("\" are damaged: their CRC-32 is "));
  CHECK_THROWS_WITH(load_run(RunDirectory::open(run), Which::last), ContainsSubstring("are damaged"));
}

TEST_CASE("a configuration of other sizes than its checkpoint is refused before memory for the model is allocated") {
  const Scratch scratch;
  const fs::path run = scratch.folder() / "run";
  make_run_at(run);
  RunConfig config = read_config(run / "config.toml");
  config.model.dim = config.model.hidden = 65536;
  config.model.encoder_layers = config.model.decoder_layers = 128;  // 16 TB
  scratch.write("run/config.toml", to_toml(config));
  CHECK_THROWS_WITH(load_run(RunDirectory::open(run)),
                    ContainsSubstring("best.safetensors: it was trained with model.dim = 8, config.toml has 65536"));

  files::Safetensors older = read_checkpoint(run / "best.safetensors");
  std::erase_if(older.metadata, [](const auto& entry) { return entry.first.starts_with("model."); });
  files::write_safetensors(run / "best.safetensors", older);
  CHECK_THROWS_WITH(load_run(RunDirectory::open(run)),
                    ContainsSubstring("best.safetensors: the model of config.toml has more than twice its ") &&
                        ContainsSubstring("65536"));
  config.model.dim = config.model.hidden = 8;
  config.model.encoder_layers = 2;
  config.model.decoder_layers = 1;
  scratch.write("run/config.toml", to_toml(config));
  CHECK_THROWS_WITH(load_run(RunDirectory::open(run)), ContainsSubstring("best.safetensors: it lacks the parameter "));
}

namespace {

// While it exists, every second call of the system is interrupted by a signal, and syncs do nothing, to save time.
class Interruptions {
 public:
  Interruptions() : old_(files::file_calls()) {
    files::FileCalls& calls = files::file_calls();
    calls.open = [this](const char* path, int flags, mode_t mode) {
      return interrupted() ? -1 : old_.open(path, flags, mode);
    };
    calls.write = [this](int file, const void* bytes, std::size_t size) -> ssize_t {
      return interrupted() ? -1 : old_.write(file, bytes, size);
    };
    calls.truncate = [this](int file, off_t size) { return interrupted() ? -1 : old_.truncate(file, size); };
    calls.fsync = [this](int) { return interrupted() ? -1 : 0; };
    calls.close = [this](int file) {
      const int closed = old_.close(file);  // an interrupted close has closed the file
      return interrupted() ? -1 : closed;
    };
    calls.rename = [this](const char* from, const char* to) { return interrupted() ? -1 : old_.rename(from, to); };
  }
  ~Interruptions() { files::file_calls() = old_; }

  int count() const { return count_; }

 private:
  bool interrupted() {
    errno = EINTR;
    return ++count_ % 2 == 1;
  }

  files::FileCalls old_;
  int count_ = 0;
};

}  // namespace

TEST_CASE("signals that interrupt calls of the system do not end training") {
  const Scratch scratch;
  const RunConfig config = small({{"train.epochs", "1"}, {"data.pairs", "60"}, {"train.keep", "1"}});
  undisturbed(config, scratch.folder() / "whole");
  {
    const Interruptions interruptions;
    {
      Trained t(config);
      t.make(scratch.folder() / "parts");
    }
    go_on(scratch.folder() / "parts", 5);
    go_on(scratch.folder() / "parts");
    CHECK(interruptions.count() > 100);
  }
  check_same_files(scratch.folder() / "whole", scratch.folder() / "parts");
}

}  // namespace gradus::train::train_unsafe_files_test
