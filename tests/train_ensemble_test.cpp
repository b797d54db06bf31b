#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/ops/indexing.h>
#include <gradus/autograd/ops/slicing.h>
#include <gradus/autograd/ops/softmax.h>
#include <gradus/train/ensemble.h>
#include <gradus/train/internal/renumbered.h>

#include "models_few.h"
#include "small_run.h"

// Runs as one model.
namespace gradus::train::train_ensemble_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using data::Scratch;

// A run of one step on these pairs, with letters as sources and words as targets.
void make(const Scratch& scratch, const std::string& name, const std::string& pairs, Assignments more = {}) {
  const std::string file = scratch.write(name + ".tsv", pairs);
  more.insert(more.begin(), {{"model.name", "attention"},
                             {"train.epochs", "0"},
                             {"train.steps", "1"},
                             {"data.task", ""},
                             {"data.train", file},
                             {"data.valid", file},
                             {"data.target_tokens", "whitespace"}});
  undisturbed(small(std::move(more)), scratch.folder() / name);
}

Run load(const Scratch& scratch, const std::vector<std::string>& names) {
  std::vector<std::string> paths;
  for (const std::string& name : names) paths.push_back((scratch.folder() / name).string());
  return load_runs(paths);
}

// [1, time, words]
Tensor probabilities(const Run& run, const std::string& source, const std::vector<std::string>& target) {
  std::vector<Index> letters, words = {data::bos_id};
  for (const char c : source) letters.push_back(run.source.id(std::string(1, c)));
  letters.push_back(data::eos_id);
  for (const std::string& word : target) words.push_back(run.target.id(word));
  const auto row = [](const std::vector<Index>& ids) { return Tensor::from(ids, {1, std::ssize(ids)}); };
  return softmax(run.model->logits(row(letters), row(words)), -1);
}

}  // namespace

TEST_CASE("the runs of an ensemble may have their tokens in another order", "[train]") {
  const Scratch scratch;
  const NoGrad evaluating;
  make(scratch, "a", "ab\tx y z\naab\tx x\naaa\tx\n");
  make(scratch, "b", "cb\tz y\ncbc\tz z\nac\tz x\n", {{"train.seed", "2"}});
  make(scratch, "c", "ba\tz y x\nbba\tz z\nbbb\tz\n", {{"train.seed", "3"}});
  const Run a = load(scratch, {"a"}), c = load(scratch, {"c"}), both = load(scratch, {"a", "c"});
  REQUIRE(a.target.id("z") != c.target.id("z"));
  REQUIRE(a.source.id("b") != c.source.id("b"));
  const std::vector<std::string> target = {"x", "z"};
  const Tensor of_a = probabilities(a, "bab", target), of_c = probabilities(c, "bab", target),
               together = probabilities(both, "bab", target);
  const auto at = [](const Tensor& p, Index time, Index word) { return select(select(p, 1, time), 1, word).item(); };
  for (Index time = 0; time < 3; ++time) {
    for (Index id = 0; id < a.target.size(); ++id) {
      const Index other = id <= data::unk_id ? id : c.target.id(a.target.token(id));
      const double mean = (at(of_a, time, id) + at(of_c, time, other)) / 2;
      CHECK_THAT(at(together, time, id), Catch::Matchers::WithinAbs(mean, 1e-6));
    }
  }
  CHECK_THROWS_WITH(
      load(scratch, {"a", "b"}),
      ContainsSubstring("the source vocabularies differ: ") && ContainsSubstring("/a has 6 tokens and ") &&
          ContainsSubstring(
              "the runs of an ensemble must have the same tokens, and make them from text in the same way"));
  make(scratch, "d", "ab\tx y w\naab\tx x\naaa\tx\n");
  CHECK_THROWS_WITH(load(scratch, {"a", "d"}), ContainsSubstring("the target vocabularies differ: z is a token of ") &&
                                                   ContainsSubstring("/a and not of "));
}

TEST_CASE("a renumbered model has the bits of its model", "[train]") {
  const std::vector<Index> source_ids = {0, 1, 2, 3, 6, 4, 5}, target_ids = {0, 1, 2, 3, 5, 4};
  for (const models::Few& few : models::few_models()) {
    CAPTURE(few.name);
    const Renumbered outside(few.model, source_ids, target_ids);
    const auto bits = [](const Tensor& x) { return x.to_vector<float>(); };
    const Tensor source = Tensor::from<Index>({4, 5, 6, 2, 0, 0}, {2, 3}),
                 inside = Tensor::from<Index>({6, 4, 5, 2, 0, 0}, {2, 3});
    const Tensor target = Tensor::from<Index>({1, 4, 1, 5}, {2, 2}),
                 target_inside = Tensor::from<Index>({1, 5, 1, 4}, {2, 2});
    const Tensor order = Tensor::from(target_ids, {6});
    CHECK(bits(outside.logits(source, target)) ==
          bits(index_select(few.model->logits(inside, target_inside), -1, order)));
    const auto first = outside.step(select(target, 1, 1), outside.encode(source));
    const auto same = few.model->step(select(target_inside, 1, 1), few.model->encode(inside));
    CHECK(bits(first.logits) == bits(index_select(same.logits, -1, order)));
    const Tensor weights = few.model->attention_weights(inside, target_inside);
    CHECK(outside.attention_weights(source, target).defined() == weights.defined());
    if (weights.defined()) CHECK(bits(outside.attention_weights(source, target)) == bits(weights));
    const auto maps = outside.attention_maps(source, target), own = few.model->attention_maps(inside, target_inside);
    REQUIRE(maps.size() == own.size());
    for (std::size_t i = 0; i < maps.size(); ++i) CHECK(bits(maps[i].weights) == bits(own[i].weights));
    CHECK(outside.max_target() == few.model->max_target());
  }
}

}  // namespace gradus::train::train_ensemble_test
