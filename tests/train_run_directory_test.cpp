#include <gradus/train/dataset.h>
#include <gradus/train/run_directory.h>

#include "catch.h"
#include "config_with.h"
#include "data_scratch.h"

namespace gradus::train::train_run_directory_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using data::Scratch;

RunDirectory create(const std::filesystem::path& path, Replace replace = Replace::nothing) {
  return RunDirectory::create(path, config_with({{"data.task", "copy"}}), data::Vocabulary(), data::Vocabulary(),
                              replace);
}

}  // namespace

TEST_CASE("an existing run is replaced only on request") {
  const Scratch scratch;
  const auto path = scratch.folder() / "deep" / "run";
  create(path);
  const RunDirectory run = RunDirectory::open(path);
  CHECK(read_config(run.config()).data.task == "copy");
  CHECK(data::Vocabulary::load(run.source_vocabulary()) == data::Vocabulary());
  scratch.write("deep/run/best.safetensors", "old");
  scratch.write("deep/run/step-0000000007.safetensors", "old");
  CHECK_THROWS_WITH(create(path), ContainsSubstring("holds a run already"));
  CHECK(data::contents(run.best()) == "old");
  create(path, Replace::run);
  CHECK_FALSE(std::filesystem::exists(run.best()));
  CHECK(run.kept().empty());
  CHECK(RunDirectory::open(path).path() == path);
}

TEST_CASE("a run is refused in a folder of other files, and at or below a file") {
  const Scratch scratch;
  scratch.write("file", "x");
  CHECK_THROWS_WITH(create(scratch.folder(), Replace::run), ContainsSubstring("not empty and holds no run"));
  CHECK_THROWS_WITH(create(scratch.folder() / "file"), ContainsSubstring("it is a file"));
  CHECK_THROWS_WITH(create(scratch.folder() / "file" / "a" / "b"), ContainsSubstring("cannot make the run directory"));
  CHECK_THROWS_WITH(create(""), ContainsSubstring("is empty"));
  CHECK_THROWS_WITH(RunDirectory::open(scratch.folder()), ContainsSubstring("no config.toml"));
  CHECK_THROWS_WITH(RunDirectory::open(scratch.folder() / "no"), ContainsSubstring("no such run directory"));
  CHECK(data::contents(scratch.folder() / "file") == "x");
}

TEST_CASE("a run directory has at most one trainer, and any number of readers") {
  const Scratch scratch;
  const auto path = scratch.folder() / "run";
  {
    const RunDirectory first = create(path);
    CHECK(first.locked());
    CHECK_THROWS_WITH(RunDirectory::reopen(path), ContainsSubstring("another process is training in it"));
    CHECK_THROWS_WITH(create(path, Replace::run), ContainsSubstring("another process is training in it"));
    CHECK_THROWS_WITH(RunDirectory::check(path, Replace::run), ContainsSubstring("another process is training in it"));
    CHECK_NOTHROW(RunDirectory::open(path));
  }
  const RunDirectory second = RunDirectory::reopen(path);
  CHECK(second.locked());
  CHECK_FALSE(RunDirectory::open(path).locked());
}

TEST_CASE("a trainer whose folder was replaced does not write into the new one") {
  const Scratch scratch;
  const auto path = scratch.folder() / "run";
  const RunDirectory first = create(path);
  CHECK_NOTHROW(first.check_place());
  std::filesystem::rename(path, scratch.folder() / "moved");
  CHECK_THROWS_WITH(first.check_place(), ContainsSubstring("run: the folder was moved, removed or replaced"));
  const RunDirectory second = create(path);
  CHECK_THROWS_WITH(first.check_place(), ContainsSubstring("run: the folder was moved, removed or replaced"));
  CHECK_NOTHROW(second.check_place());
}

TEST_CASE("a folder with another program's config.toml is not a run and is not overwritten") {
  const Scratch scratch;
  scratch.write("config.toml", "[project]\n");
  scratch.write("best.safetensors", "theirs");
  for (const Replace replace : {Replace::nothing, Replace::unmade, Replace::run}) {
    CHECK_THROWS_WITH(create(scratch.folder(), replace),
                      ContainsSubstring("holds a config.toml that belongs to no run"));
  }
  CHECK_THROWS_WITH(RunDirectory::open(scratch.folder()), ContainsSubstring("no vocabulary and no metrics.jsonl"));
  CHECK(data::contents(scratch.folder() / "config.toml") == "[project]\n");
  CHECK(data::contents(scratch.folder() / "best.safetensors") == "theirs");
}

TEST_CASE("leftovers of a killed trainer are recognised: temporary files are removed, a partial run is replaced") {
  const Scratch scratch;
  const auto path = scratch.folder() / "run";
  create(path);
  scratch.write("run/last.safetensors.tmp", "torn");
  scratch.write("run/notes.tmp", "mine");
  RunDirectory::reopen(path);
  CHECK_FALSE(std::filesystem::exists(path / "last.safetensors.tmp"));
  CHECK(std::filesystem::exists(path / "notes.tmp"));

  std::filesystem::remove(path / "config.toml");
  CHECK_THROWS_WITH(create(path, Replace::run), ContainsSubstring("not empty and holds no run"));
  std::filesystem::remove(path / "notes.tmp");
  scratch.write("run/config.toml.tmp", "[mod");
  for (const Replace replace : {Replace::unmade, Replace::run}) {
    CHECK_THROWS_WITH(create(path), ContainsSubstring("a partial run"));
    CHECK_THROWS_WITH(RunDirectory::reopen(path), ContainsSubstring("no config.toml"));
    create(path, replace);
    CHECK_FALSE(std::filesystem::exists(path / "config.toml.tmp"));
    std::filesystem::remove(path / "config.toml");
    scratch.write("run/config.toml.tmp", "[mod");
  }
}

TEST_CASE("neither checkpoints without a configuration nor a whole run count as a partial run") {
  const Scratch scratch;
  const auto path = scratch.folder() / "run";
  create(path);
  CHECK_THROWS_WITH(create(path, Replace::unmade), ContainsSubstring("holds a run already"));
  scratch.write("run/best.safetensors", "mine");
  std::filesystem::remove(path / "config.toml");
  for (const Replace replace : {Replace::nothing, Replace::unmade})
    CHECK_THROWS_WITH(create(path, replace), ContainsSubstring("holds checkpoints and no config.toml"));
  CHECK(data::contents(path / "best.safetensors") == "mine");
  create(path, Replace::run);
  CHECK_FALSE(std::filesystem::exists(path / "best.safetensors"));
}

TEST_CASE("a run that cannot be written leaves nothing behind") {
  const Scratch scratch;
  std::filesystem::create_directories(scratch.folder() / "run" / "source.vocab" / "in the way");
  std::filesystem::create_directories(scratch.folder() / "run2");
  CHECK_THROWS(create(scratch.folder() / "run"));
  CHECK_FALSE(std::filesystem::exists(scratch.folder() / "run" / "config.toml"));
  CHECK_THROWS(create(scratch.folder() / "run2" / std::string(300, 'n')));
  CHECK(std::filesystem::is_empty(scratch.folder() / "run2"));
}

TEST_CASE("held-out sources do not depend on the seed or on other lines") {
  const Scratch scratch;
  std::string lines;
  for (int i = 0; i < 400; ++i) lines += "word" + std::to_string(i) + "\tW " + std::to_string(i % 7) + "\n";
  const auto held_out = [&](const std::string& text, const char* seed) {
    RunConfig config = config_with({{"data.train", scratch.write("t", text)}, {"train.seed", seed}});
    std::vector<data::Tokens> sources;
    for (const data::ReferenceSet& r : load_dataset(config).references) sources.push_back(r.source);
    return sources;
  };
  const auto first = held_out(lines, "1");
  CHECK((first.size() > 8 && first.size() < 40));
  CHECK(held_out(lines, "2") == first);
  CHECK(held_out("other\tX\n" + lines, "1").size() <= first.size() + 1);
}

TEST_CASE("settings that depend on the data are filled in") {
  const Scratch scratch;
  const std::string train = scratch.write("t.tsv", "ab\tA B\nb\tB\n"), valid = scratch.write("v.tsv", "a\tA\na\tB\n");
  RunConfig config = config_with({{"data.train", train}, {"data.valid", valid}, {"model.name", "transformer"}});
  const Dataset set = load_dataset(config);
  CHECK(config.model.source_vocab == 0);
  CHECK(set.config.model.source_vocab == 6);
  CHECK(set.config.model.target_vocab == 6);
  CHECK(set.config.data.source_tokens == TokensOf::characters);
  CHECK(set.config.data.target_tokens == TokensOf::whitespace);
  CHECK(set.config.decode.max_length == 4);
  REQUIRE(set.references.size() == 1);
  CHECK(set.references[0].references.size() == 2);
  CHECK(set.valid.size() == 2);
}

TEST_CASE("pairs longer than data.max_tokens or the model's positions are left out and reported") {
  const Scratch scratch;
  const std::string file = scratch.write("t.tsv", "abcd\tA B\nb\tA B C D\nc\tC\nx\n");
  const auto load = [&](const char* model, const char* positions, const char* length, const char* tokens = "0") {
    std::vector<std::string> notes;
    const Dataset set = load_dataset(config_with({{"data.train", file},
                                                  {"data.valid", file},
                                                  {"data.max_tokens", tokens},
                                                  {"model.name", model},
                                                  {"model.positions", positions},
                                                  {"model.max_length", length}}),
                                     [&](const std::string& note) { notes.push_back(note); });
    CHECK(set.train.size() == set.valid.size());
    CHECK(notes.size() == 2 * static_cast<std::size_t>(std::max<Index>(1, 3 - std::ssize(set.train))));
    return std::pair(std::ssize(set.train), notes.front());
  };
  CHECK(load("transformer", "sinusoidal", "5").first == 3);
  CHECK(load("transformer", "sinusoidal", "5", "1000").first == 3);
  CHECK(load("attention", "none", "4").first == 3);
  CHECK(load("rnn", "sinusoidal", "4").first == 3);
  const auto [kept, note] = load("transformer", "sinusoidal", "4");
  CHECK(kept == 1);
  CHECK(note == "read 1 pair from " + file + " (2 pairs left out: first at " + file +
                    ":1:1: the source has 4 tokens, more than 3 (model.max_length = 4); 1 line skipped: first at " +
                    file + ":4:2: no tab between source and target)");
  CHECK(load("attention", "learned", "4", "4").first == 1);
  CHECK_THAT(load("rnn", "none", "9", "2").second, ContainsSubstring("more than 2 (data.max_tokens = 2)"));
}

TEST_CASE("without a file to validate on, too few sources are refused after the bad lines are reported") {
  const Scratch scratch;
  std::string pairs = "bad\nworse\n";
  for (int i = 0; i < 1000; ++i) pairs += std::string(1, "abcdef"[i % 6]) + "\tA\n";
  const std::string file = scratch.write("t.tsv", pairs);
  std::vector<std::string> notes;
  CHECK_THROWS_WITH(
      load_dataset(config_with({{"data.train", file}, {"data.held_out", "0.0001"}}),
                   [&](const std::string& note) { notes.push_back(note); }),
      ContainsSubstring("the 1000 pairs of the file have only 6 different sources: none is left to validate on"));
  REQUIRE(notes.size() == 2);
  CHECK_THAT(notes[1], ContainsSubstring(":2:6: no tab"));

  notes.clear();
  const std::string bad = scratch.write("bad.tsv", "x\ny\n");
  CHECK_THROWS_WITH(
      load_dataset(config_with({{"data.train", bad}}), [&](const std::string& note) { notes.push_back(note); }),
      ContainsSubstring("none of 2 lines is good"));
  REQUIRE(notes.size() == 2);
  CHECK_THAT(notes[1], ContainsSubstring("bad.tsv:2:2: no tab"));
}

TEST_CASE("the tokens of a task or a dictionary are fixed") {
  RunConfig task = config_with({{"data.task", "copy"}, {"data.source_tokens", "whitespace"}});
  CHECK_THROWS_WITH(load_dataset(task), ContainsSubstring("data.source_tokens cannot be chosen for the task copy"));
  const Scratch scratch;
  const std::string file = scratch.write("d", "A  EY1\nB  B IY1\n");
  RunConfig dictionary = config_with({{"data.train", file},
                                      {"data.valid", file},
                                      {"data.format", "dictionary"},
                                      {"data.target_tokens", "characters"}});
  CHECK_THROWS_WITH(load_dataset(dictionary),
                    ContainsSubstring("data.target_tokens cannot be chosen for a dictionary"));
  dictionary.data.target_tokens = TokensOf::automatic;
  dictionary.data.source_tokens = TokensOf::whitespace;
  CHECK_THROWS_WITH(load_dataset(dictionary),
                    ContainsSubstring("data.source_tokens cannot be chosen for a dictionary"));
  dictionary.data.source_tokens = TokensOf::graphemes;
  CHECK(load_dataset(dictionary).config.data.source_tokens == TokensOf::graphemes);
}

}  // namespace gradus::train::train_run_directory_test
