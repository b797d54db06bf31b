// A model that a program adds to the registry trains, resumes and decodes like the library's own.
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/copying.h>
#include <gradus/models/decode.h>
#include <gradus/models/registry.h>
#include <gradus/nn/embedding.h>
#include <gradus/nn/linear.h>
#include <gradus/nn/masks.h>
#include <gradus/train/internal/presets.h>
#include <gradus/train/trainer.h>

#include "catch.h"
#include "data_scratch.h"

namespace gradus::train::train_new_model_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using models::Seq2SeqOptions;
using models::State;
using models::Step;

// Each word from the word before it and the mean of the source.
struct Bag final : models::Seq2Seq {
  nn::Embedding source_words, target_words;
  nn::Linear output;

  Bag(nn::Scope scope, const Seq2SeqOptions& o)
      : source_words(scope / "encoder", o.source_vocab, o.dim),
        target_words(scope / "decoder", o.target_vocab, o.dim),
        output(scope / "output", 2 * o.dim, o.target_vocab) {}

  static models::ModelInfo info() {
    return {.summary = "the mean of the source and the last word",
            .check =
                [](const Seq2SeqOptions& o) {
                  if (o.dim % 2 != 0) throw Error("a bag needs an even dim");
                },
            .presets = {{"tiny", {{"model.dim", "12"}, {"train.lr", "0.01"}}}}};
  }

  State encode(const Tensor& source) const override {
    const Tensor mask = nn::padding_mask(source);
    const Tensor words = source_words(source) * unsqueeze(to(mask, output.weight.dtype()), 2);
    return {.source = {sum(words, {1}) / to(sum(mask, {1}, true), words.dtype())}, .cache = {}, .source_mask = mask};
  }

  Step step(const Tensor& word, const State& state) const override {
    return {output(concat({target_words(word), state.source[0]}, -1)), state.next({})};
  }
};

void add_bag() {
  static const bool once = [] {
    models::register_model<Bag>("bag");
    return true;
  }();
  static_cast<void>(once);
}

RunConfig bag(Assignments more = {}) {
  Assignments a = {{"model.name", "bag"},     {"data.task", "copy"},    {"data.pairs", "60"},
                   {"data.valid_pairs", "8"}, {"data.max_length", "3"}, {"train.batch", "10"},
                   {"train.epochs", "2"},     {"train.min_steps", "0"}, {"train.evaluate_every", "6"}};
  a.insert(a.end(), more.begin(), more.end());
  return resolve({.preset = "tiny", .file = {}, .assignments = a});
}

}  // namespace

TEST_CASE("a registered model has presets and options of its own") {
  add_bag();
  CHECK(models::model_names().back() == "bag");
  CHECK(bag().model.dim == 12);
  CHECK(bag().train.lr == 0.01);
  CHECK(bag().train.schedule == "cosine");
  CHECK_THROWS_WITH(bag({{"model.dim", "3"}}), ContainsSubstring("a bag needs an even dim"));
  CHECK_THROWS_WITH(bag({{"model.name", "bga"}}), ContainsSubstring(", bag; did you mean bag?"));
  CHECK_THROWS_WITH(models::register_model<Bag>("bag"), ContainsSubstring("already a model 'bag'"));
  for (const std::string& preset : preset_names())
    CHECK_NOTHROW(resolve({.preset = preset, .assignments = {{"model.name", "bag"}, {"data.task", "add"}}}));
}

TEST_CASE("a registered model can be trained, interrupted, resumed to the same bits, loaded and decoded") {
  add_bag();
  const data::Scratch scratch;
  const auto train = [&](const char* folder, Index steps) {
    const auto path = scratch.folder() / folder;
    const bool begun = RunDirectory::exists(path);
    const Dataset data = load_dataset(begun ? read_config(RunDirectory::open(path).config()) : bag());
    Run run = make_run(data.config, data.source, data.target);
    Trainer trainer(run, data);
    const RunDirectory directory =
        begun ? RunDirectory::reopen(path) : RunDirectory::create(path, data.config, data.source, data.target);
    if (begun) trainer.resume(directory);
    Progress progress = Progress::silent();
    return trainer.run(progress, &directory, [&] { return trainer.position().step >= steps; }).ending;
  };
  CHECK(train("whole", 1000) == Ending::complete);
  CHECK(train("parts", 5) == Ending::interrupted);
  CHECK(train("parts", 1000) == Ending::complete);
  for (const char* file : {"last.safetensors", "best.safetensors", "metrics.jsonl", "config.toml"}) {
    CAPTURE(file);
    CHECK(data::contents(scratch.folder() / "whole" / file) == data::contents(scratch.folder() / "parts" / file));
  }
  const Run run = load_run(RunDirectory::open(scratch.folder() / "whole"));
  const auto found = models::decode(*run.model, {source_ids(run.source, {"a", "b"}), source_ids(run.source, {"c"})},
                                    {.beam = 2, .max_length = 6});
  REQUIRE(found.size() == 2);
  CHECK(found[0].front().log_probability < 0);
}

}  // namespace gradus::train::train_new_model_test
