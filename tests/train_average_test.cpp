#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <gradus/train/average.h>

#include "program.h"
#include "small_run.h"

// The best models of a run (train.keep_best), and averages of checkpoints.
namespace gradus::train::train_average_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using data::contents;
using data::Scratch;

std::vector<std::string> names_of(const std::vector<std::filesystem::path>& files) {
  std::vector<std::string> names;
  for (const auto& file : files) names.push_back(file.filename());
  return names;
}

std::vector<BestValidation> best_validations(const RunDirectory& run) {
  return position_of(read_checkpoint(run.last()), "last").best_validations;
}

Tensor parameter(const std::filesystem::path& file, const std::string& name) {
  return read_checkpoint(file).find(name);
}

// A run of rnn that keeps its last three states and its best two models, and validates at the steps 4, 8, 12, 14.
const RunConfig& keeping() {
  static const RunConfig config = small({{"model.name", "rnn"},
                                         {"train.keep", "3"},
                                         {"train.keep_best", "2"},
                                         {"train.average", "0.5"},
                                         {"train.evaluate_every", "4"},
                                         {"train.save_every", "0"},
                                         {"train.epochs", "1"}});
  return config;
}

}  // namespace

TEST_CASE("train.keep_best keeps the models of the best validations") {
  const Scratch scratch;
  undisturbed(keeping(), scratch.folder() / "run");
  const RunDirectory run = RunDirectory::open(scratch.folder() / "run");
  const std::vector<BestValidation> best = best_validations(run);
  REQUIRE(best.size() == 2);
  CHECK(best[0].value <= best[1].value);
  std::vector<std::filesystem::path> files = {run.kept_best(best[0].step), run.kept_best(best[1].step)};
  std::sort(files.begin(), files.end());
  CHECK(run.kept_best() == files);
  CHECK(contents(run.kept_best(best[0].step)) == contents(run.best()));
  CHECK(names_of(run.kept()) == std::vector<std::string>{"step-0000000008.safetensors", "step-0000000012.safetensors",
                                                         "step-0000000014.safetensors"});
}

TEST_CASE("a run that was killed between two writes ends with the same best models") {
  const Scratch scratch;
  const auto path = scratch.folder() / "run";
  undisturbed(keeping(), scratch.folder() / "whole");
  const RunDirectory whole = RunDirectory::open(scratch.folder() / "whole");
  {
    Trained t(keeping());
    t.make(path);
  }
  go_on(path, 12);
  // The model of step 14 was written, and the last state was not.
  std::filesystem::copy_file(whole.kept_best(best_validations(whole)[0].step), path / "best-0000000014.safetensors",
                             std::filesystem::copy_options::overwrite_existing);
  go_on(path);
  check_same_files(whole.path(), path);
}

TEST_CASE("best models that belong to no validation of the run are removed only when there are too many") {
  const Scratch scratch;
  const auto path = scratch.folder() / "run";
  undisturbed(keeping(), path);
  std::filesystem::remove(path / "last.safetensors");
  const auto foreign = names_of(RunDirectory::open(path).kept_best());
  go_on(path, 2);  // begun again, without a validation
  CHECK(names_of(RunDirectory::open(path).kept_best()) == foreign);
  go_on(path);
  CHECK(RunDirectory::open(path).kept_best().size() == 2);
}

TEST_CASE("the average of states has the means of their parameters, and is a run of its own") {
  const Scratch scratch;
  const auto path = scratch.folder() / "run";
  undisturbed(keeping(), path);
  const RunDirectory run = RunDirectory::open(path);
  const std::vector<RunCheckpoint> last = last_kept(run, 3);
  REQUIRE(last.size() == 3);
  const RunDirectory mean = save_average(average(last), last, scratch.folder() / "mean");

  // The states have moving averages, which are the parameters that count.
  const std::string name = "output.weight";
  const Tensor found = parameter(mean.best(), name);
  std::vector<Tensor> parts;
  for (const RunCheckpoint& c : last) parts.push_back(parameter(c.file, "average.mean/" + name));
  bool same = found.defined() && parts[0].defined();
  REQUIRE(same);
  for (Index i = 0; i < found.numel(); ++i) {
    double sum = 0;
    for (const Tensor& part : parts) sum += static_cast<double>(part.data<float>()[i]);
    same = same && found.data<float>()[i] == static_cast<float>(sum / 3);
  }
  CHECK(same);
  CHECK(is_average(read_checkpoint(mean.best())));
  CHECK_THAT(read_checkpoint(mean.best()).metadata.at("averaged"),
             ContainsSubstring("step-0000000008.safetensors (step 8); "));

  const Run loaded = load_run(RunDirectory::open(mean.path()));
  CHECK(loaded.source == load_run(run).source);
  CHECK_THROWS_WITH(last_kept(run, 4), ContainsSubstring("it has kept 3 such checkpoints, fewer than 4: train.keep"));
  CHECK_THROWS_WITH(best_kept(run, 3), ContainsSubstring("fewer than 3: train.keep_best"));
  CHECK(best_kept(run, 1).front().file == run.kept_best(best_validations(run)[0].step));
  CHECK_THROWS_WITH(save_average(average(last), last, mean.path()), ContainsSubstring("holds a run already"));
  CHECK_THROWS_WITH(average({}), ContainsSubstring("no checkpoint"));
}

TEST_CASE("the average of one model, or of the same one several times, has its bits") {
  const Scratch scratch;
  undisturbed(small({{"model.name", "attention"}, {"train.epochs", "1"}}), scratch.folder() / "run");
  const RunDirectory run = RunDirectory::open(scratch.folder() / "run");
  const Run model = load_run(run);
  for (const std::size_t count : {1, 3}) {
    const Run mean = average(std::vector<RunCheckpoint>(count, {run, run.best()}));
    for (std::size_t i = 0; i < mean.store->all().size(); ++i)
      CHECK(mean.store->all()[i].tensor.to_vector<float>() == model.store->all()[i].tensor.to_vector<float>());
  }
}

TEST_CASE("models that have no mean are refused, and the message has the difference") {
  const Scratch scratch;
  const auto checkpoint = [&](const std::string& name, Assignments more) {
    more.insert(more.begin(), {{"model.name", "attention"}, {"train.epochs", "0"}, {"train.steps", "1"}});
    undisturbed(small(std::move(more)), scratch.folder() / name);
    const RunDirectory run = RunDirectory::open(scratch.folder() / name);
    return RunCheckpoint{run, run.best()};
  };
  const RunCheckpoint base = checkpoint("base", {});
  const auto refused = [&](const RunCheckpoint& other, const std::string& what) {
    CHECK_THROWS_WITH(average({base, other}),
                      ContainsSubstring("base/best.safetensors and ") && ContainsSubstring("have no mean: " + what));
  };
  refused(checkpoint("wide", {{"model.dim", "16"}}), "model.dim is 8 and 16");
  refused(checkpoint("rnn", {{"model.name", "rnn"}}), "model.name is \"attention\" and \"rnn\"");
  const std::string few = scratch.write("few.tsv", "ab\ta b\nba\tb a\n"),
                    other = scratch.write("other.tsv", "ac\ta b\nca\tb a\n"),
                    more = scratch.write("more.tsv", "ab\ta b c\nba\tb a\n");
  const auto of_file = [&](const std::string& name, const std::string& file, const std::string& length) {
    return checkpoint(name,
                      {{"data.task", ""}, {"data.train", file}, {"data.valid", file}, {"model.max_length", length}});
  };
  const RunCheckpoint first = of_file("few", few, "12");
  const auto refused_here = [&](const RunCheckpoint& second, const std::string& what) {
    CHECK_THROWS_WITH(average({first, second}), ContainsSubstring("have no mean: " + what));
  };
  refused_here(of_file("other", other, "12"), "the source vocabularies differ: entry 5 is b and c");
  refused_here(of_file("more", more, "12"), "the target vocabularies differ: 6 entries and 7");
}

TEST_CASE("gradus average makes a run that eval reads, from which training starts, and which cannot be resumed") {
  const Scratch scratch;
  undisturbed(keeping(), scratch.folder() / "run");
  undisturbed(keeping(), scratch.folder() / "second");
  const Ran made = run(scratch, "average run second --out mean");
  CAPTURE(made.err);
  REQUIRE(made.code == 0);
  CHECK_THAT(made.out, ContainsSubstring("\"averaged\":2"));
  CHECK_THAT(made.err, ContainsSubstring("averaging second/best.safetensors\n"));
  CHECK(run(scratch, "eval --run mean --task reverse").code == 0);
  CHECK(run(scratch,
            "train --from mean --task reverse --set data.pairs=60 --set data.valid_pairs=10 --steps 1 --out next")
            .code == 0);
  const Ran resumed = run(scratch, "train --resume --out mean");
  CHECK(resumed.code == 1);
  CHECK_THAT(resumed.err, ContainsSubstring("mean: it holds an average of checkpoints"));

  CHECK(run(scratch, "average run --best 2 --out best").code == 0);
  CHECK(run(scratch, "average run --last 2 --out last").code == 0);
  const Ran again = run(scratch, "average run --last 2 --out last");
  CHECK(again.code == 1);
  CHECK_THAT(again.err, ContainsSubstring("last holds a run already"));
  const Ran alone = run(scratch, "average run --out alone");
  CHECK(alone.code == 2);
  CHECK_THAT(alone.err, ContainsSubstring("give --last N or --best N"));
}

}  // namespace gradus::train::train_average_test
