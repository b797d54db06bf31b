#include <fmt/format.h>

#include <atomic>
#include <limits>

#include <gradus/data/bleu.h>
#include <gradus/data/chrf.h>

#include "small_run.h"

namespace gradus::train::train_validation_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using data::contents;
using data::Scratch;

// Words and their capitals. `end` follows each target of the validation.
RunConfig capitals(const Scratch& scratch, const std::string& end, Assignments more) {
  std::string train, valid;
  for (const std::string word : {"abab", "baab", "aabaa", "bbabb", "abbaab", "bababa"}) {
    std::string line = word + "\t";
    for (const char c : word) line += c == 'a' ? "A " : "B ";
    for (int i = 0; i < 10; ++i) train += line + "\n";
    valid += line + end + "\n";
  }
  Assignments a = {{"data.task", ""},
                   {"data.train", scratch.write("t.tsv", train)},
                   {"data.valid", scratch.write("v.tsv", valid)},
                   {"train.epochs", "0"},
                   {"train.steps", "60"},
                   {"train.evaluate_every", "20"},
                   {"train.lr", "0.02"},
                   {"train.schedule", "constant"},
                   {"model.bidirectional", "false"},
                   {"model.attentional", "false"},
                   {"model.dropout", "0"}};
  a.insert(a.end(), more.begin(), more.end());
  return small(std::move(a));
}

// No output ends with Z, which no training pair has, so that every validation has a sequence error rate of 100 %.
RunConfig hopeless(const Scratch& scratch, Assignments more) { return capitals(scratch, "Z", std::move(more)); }

Outcome trained(const RunConfig& config) {
  Trained t(config);
  Progress progress = Progress::silent();
  return t.trainer.run(progress);
}

}  // namespace

TEST_CASE("while the sequence error rate stands still, a lower token error rate is better, and counts as progress") {
  const Scratch scratch;
  const Outcome first = trained(hopeless(scratch, {{"train.steps", "20"}}));
  const Outcome last = trained(hopeless(scratch, {{"train.patience", "1"}}));
  CHECK(first.score.sequence_error_rate == 1);
  CHECK(last.score.sequence_error_rate == 1);
  CHECK(last.score.token_error_rate < first.score.token_error_rate);
  CHECK(last.position.step == 60);
  CHECK(last.position.best == 1);
  CHECK(last.position.best_token_error_rate < first.position.best_token_error_rate);
  CHECK(last.position.best_step > 20);
}

TEST_CASE("while both error rates stand still, a lower loss is better, for the plateau too") {
  const Scratch scratch;
  // The rate is too low for another output, and high enough for another loss.
  const RunConfig config = hopeless(scratch, {{"train.lr", "1e-5"},
                                              {"train.patience", "1"},
                                              {"train.schedule", "plateau"},
                                              {"train.decay_every", "1"},
                                              {"train.evaluate_every", "5"}});
  Trained t(config);
  const RunDirectory directory = t.make(scratch.folder() / "run");
  Progress progress = Progress::silent();
  const Outcome outcome = t.trainer.run(progress, &directory);
  CHECK(outcome.ending == Ending::complete);
  CHECK(outcome.position.best_step == 60);
  CHECK(outcome.position.stale == 0);
  CHECK(outcome.score.token_error_rate == outcome.position.best_token_error_rate);
  CHECK(files::read_safetensors(directory.last()).find("schedule.scale").item() == 1);
}

TEST_CASE("the best checkpoint is chosen by each measure, and the metrics have it") {
  for (const char* by : {"sequence_error_rate", "token_error_rate", "loss", "bleu", "chrf"}) {
    CAPTURE(by);
    const Scratch scratch;
    const RunConfig config = capitals(scratch, "", {{"train.best_by", by}, {"train.schedule", "plateau"}});
    Trained t(config);
    const RunDirectory directory = t.make(scratch.folder() / "run");
    Progress progress = Progress::silent();
    const Outcome outcome = t.trainer.run(progress, &directory);
    CHECK_THAT(contents(directory.metrics()),
               ContainsSubstring(fmt::format("\"valid_{}\":{}", by, outcome.position.best)));
    CHECK(files::read_safetensors(directory.last()).find("schedule.best").item() ==
          Approx(outcome.position.best).epsilon(1e-3));
    const bool higher = std::string(by) == "bleu" || std::string(by) == "chrf";
    CHECK(higher_is_better(config.train.best_by) == higher);
    if (higher) CHECK(outcome.position.best > 1);
  }
}

TEST_CASE("BLEU and chrF are those of the tokens as text") {
  RunConfig config;
  const std::vector<data::Tokens> letters{{"a", " ", "b", " ", "c", " ", "d", "."}}, words{{"a", "b", "c", "d."}};
  const std::vector<data::ReferenceSet> of_letters{{{"x"}, letters}}, of_words{{{"x"}, words}};
  const auto check = [&](const std::vector<data::Tokens>& outputs, const std::vector<data::ReferenceSet>& sets,
                         double bleu, double chrf) {
    const data::Texts texts = texts_of(config, outputs, sets);
    CHECK(value(data::bleu(texts)) == Approx(bleu));
    CHECK(value(data::chrf(texts)) == Approx(chrf));
  };
  config.data.target_tokens = TokensOf::characters;
  check(letters, of_letters, 100, 100);
  check(words, of_words, 0, 100);  // "abcd." is one word and a full stop
  config.data.target_tokens = TokensOf::whitespace;
  check(words, of_words, 100, 100);
}

TEST_CASE("a validation that is stopped ends between two batches, and is done again after resuming") {
  const Scratch scratch;
  const RunConfig config = small({{"data.valid_pairs", "200"}, {"train.average", "0.9"}, {"train.keep", "1"}});
  undisturbed(config, scratch.folder() / "whole");
  for (const Index at : {Index{9}, Index{42}}) {  // the second validation is that of the end
    for (const int batches : {0, 1, 5}) {
      CAPTURE(at, batches);
      const auto path = scratch.folder() / fmt::format("run{}-{}", at, batches);
      {
        Trained t(config);
        const RunDirectory directory = t.make(path);
        Progress progress = Progress::silent();
        std::atomic<int> calls{0};
        const Outcome outcome =
            t.trainer.run(progress, &directory, [&] { return t.trainer.position().step == at && calls++ >= batches; });
        CHECK(outcome.ending == Ending::interrupted);
        CHECK(outcome.position.step == at);
        CHECK(outcome.position.validated < at);
        CHECK(files::read_safetensors(directory.last()).metadata.at("step") == std::to_string(at));
      }
      CHECK(go_on(path).ending == Ending::complete);
      check_same_files(scratch.folder() / "whole", path);
    }
  }
}

namespace {

// The message of a run whose state `spoil` changes after a step.
std::string message_of(Trained& t, const RunDirectory& directory, const std::function<void()>& spoil, Index step) {
  Progress progress = Progress::silent();
  try {
    t.trainer.run(progress, &directory, [&] {
      if (t.trainer.position().step == step) spoil();
      return t.trainer.position().step == step;
    });
  } catch (const Error& e) {
    return e.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("a state that is not finite is not saved over a finite one") {
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    const Scratch scratch;
    Trained t(small({{"train.save_every", "1"}, {"train.schedule", "constant"}}));
    const RunDirectory directory = t.make(scratch.folder() / "run");
    const std::string message = message_of(
        t, directory, [&] { Tensor(t.run.store->all().back().tensor).mutable_data<float>()[0] = bad; }, 3);
    CHECK_THAT(message,
               ContainsSubstring("step 3: \"" + t.run.store->all().back().path + "\" has a value that is not"));
    CHECK_THAT(message,
               ContainsSubstring("training diverged at a learning rate of 0.002; checkpoints stay as they are"));
    const files::Safetensors last = files::read_safetensors(directory.last());
    CHECK(last.metadata.at("step") == "3");
    CHECK(first_not_finite(last, *t.run.store).empty());
  }
}

TEST_CASE("a run that diverges leaves only finite checkpoints") {
  const Scratch scratch;
  Trained t(small({{"train.optimizer", "sgd"},
                   {"train.lr", "100"},
                   {"train.weight_decay", "10"},
                   {"train.save_every", "1"},
                   {"train.evaluate_every", "1000"}}));
  const RunDirectory directory = t.make(scratch.folder() / "run");
  Progress progress = Progress::silent();
  CHECK_THROWS_AS(t.trainer.run(progress, &directory), Error);
  CHECK(first_not_finite(files::read_safetensors(directory.last()), *t.run.store).empty());
}

TEST_CASE("a validation without numbers reports step, learning rate and the way out, and saves nothing") {
  const Scratch scratch;
  Trained t(small({{"train.evaluate_every", "4"}, {"train.save_every", "0"}, {"train.schedule", "constant"}}));
  const RunDirectory directory = t.make(scratch.folder() / "run");
  Progress progress = Progress::silent();
  // Finite parameters, too large for the products of the model.
  const auto enlarge = [&] {
    if (t.trainer.position().step != 4 || t.trainer.position().validated != 0) return false;
    for (const nn::Parameter& p : t.run.store->all()) {
      Tensor parameter = p.tensor;
      for (Index i = 0; i < parameter.numel(); ++i) parameter.mutable_data<float>()[i] = i % 2 == 0 ? 1e38F : -2e38F;
    }
    return false;
  };
  CHECK_THROWS_WITH(
      t.trainer.run(progress, &directory, enlarge),
      ContainsSubstring("step 4: ") &&
          ContainsSubstring("training diverged at a learning rate of 0.002; checkpoints stay as they are; "
                            "train again with a lower train.lr"));
  CHECK_FALSE(std::filesystem::exists(directory.last()));
}

}  // namespace gradus::train::train_validation_test
