#include <cmath>

#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/ops.h>

#include "catch.h"
#include "models_few.h"

namespace gradus::models_prefix_test {

using namespace gradus::models;
using Catch::Matchers::ContainsSubstring;

namespace {

DecodeOptions with_penalties(const Few& few) {
  return {.beam = 4,
          .n_best = 4,
          .max_length = 8,
          .length_penalty = 0.7,
          .coverage_penalty = few.attends ? 0.4 : 0,
          .attention_weights = true};
}

}  // namespace

TEST_CASE("n-best lists have the bits of forced scores, alone and in any batch, with penalties", "[models][decode]") {
  const Sentences sentences = few_sentences();
  for (const Few& few : few_models()) {
    INFO(few.name);
    DecodeOptions options = with_penalties(few);
    const auto found = decode(*few.model, sentences, options);
    Sentences sources, targets;
    Hypotheses finished;
    options.batch = 5;
    const auto by_fives = decode(*few.model, sentences, options);
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      check_same(found[i], by_fives[i]);
      check_same(found[i], decode(*few.model, {sentences[i]}, options)[0]);
      for (const Hypothesis& h : found[i]) {
        if (!h.finished) continue;
        sources.push_back(sentences[i]);
        targets.push_back(h.ids);
        finished.push_back(h);
      }
    }
    REQUIRE(finished.size() > 10);
    check_same(finished, score(*few.model, sources, targets, options));
    double sum = 0;
    for (double p : finished[0].word_log_probabilities) sum += p;
    CHECK(finished[0].log_probability == sum);
    CHECK(finished[0].word_log_probabilities.size() == finished[0].ids.size() + 1);
  }
}

TEST_CASE("greedy outputs with cached states have the bits of steps from the beginning", "[models][decode]") {
  const NoGrad no_grad;
  const RowInvariant row_invariant;
  for (const Few& few : few_models()) {
    INFO(few.name);
    for (const auto& source : few_sentences()) {
      const Hypothesis found = decode(*few.model, {source}, {.max_length = 8})[0][0];
      std::vector<Index> words{1};
      for (std::size_t t = 0; t < found.word_log_probabilities.size(); ++t) {
        const Tensor logits = few.model->logits(Tensor::from(source, {1, std::ssize(source)}),
                                                Tensor::from(words, {1, std::ssize(words)}));
        const auto log_p =
            to(select(log_softmax(logits, -1), 1, std::ssize(words) - 1), DType::f64).to_vector<double>();
        const auto best = std::max_element(log_p.begin() + 2, log_p.end());
        CHECK(*best == found.word_log_probabilities[t]);
        words.push_back(best - log_p.begin());
        CHECK(words.back() == (t < found.ids.size() ? found.ids[t] : 2));
      }
    }
  }
}

TEST_CASE("outputs begin with their prefix and continue as if it had been found", "[models][decode]") {
  const Sentences sentences = few_sentences();
  for (const Few& few : few_models()) {
    INFO(few.name);
    const auto greedy = decode(*few.model, sentences, {.max_length = 8});
    Sentences own, other;
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      const auto& ids = greedy[i][0].ids;
      own.emplace_back(ids.begin(), ids.begin() + std::min<std::ptrdiff_t>(std::ssize(ids), 2));
      other.push_back(std::vector<Index>(i % 3, 4));
    }
    const auto again = decode(*few.model, sentences, {.max_length = 8}, own);
    for (std::size_t i = 0; i < sentences.size(); ++i) check_same(again[i], greedy[i]);
    for (const DecodeOptions& options : {with_penalties(few), DecodeOptions{.max_length = 8, .samples = 3}}) {
      const auto found = decode(*few.model, sentences, options, other);
      for (std::size_t i = 0; i < sentences.size(); ++i) {
        check_same(found[i], decode(*few.model, {sentences[i]}, options, {other[i]})[0]);
        for (const Hypothesis& h : found[i]) {
          REQUIRE(h.ids.size() >= other[i].size());
          CHECK(std::equal(other[i].begin(), other[i].end(), h.ids.begin()));
        }
      }
    }
  }
}

TEST_CASE("scores are those of the formulas of length and coverage", "[models][decode]") {
  const auto few = few_models();
  const DecodeOptions options = with_penalties(few[1]);
  for (const Hypotheses& found : decode(*few[1].model, few_sentences(), options)) {
    for (const Hypothesis& h : found) {
      const auto words = static_cast<double>(h.word_log_probabilities.size());
      double coverage = 0;
      for (const Tensor& of_token : unbind(h.attention_weights, 1)) {
        double covered = 0;
        for (double alpha : to(of_token, DType::f64).to_vector<double>()) covered += alpha;
        coverage += std::log(std::min(1.0, covered));
      }
      CHECK(h.score == Approx(h.log_probability / std::pow(words, 0.7) + 0.4 * coverage).epsilon(1e-12));
    }
  }
  CHECK_THROWS_WITH(decode(*few[0].model, few_sentences(), {.coverage_penalty = 0.4}),
                    ContainsSubstring("coverage_penalty needs attention weights, and the model has none"));
}

TEST_CASE("wrong prefixes and targets are refused by place", "[models][decode]") {
  const auto model = few_models()[3].model;
  const auto with = [&](const Sentences& prefixes) { return decode(*model, {{3, 2}}, {.max_length = 3}, prefixes); };
  CHECK_THROWS_WITH(with({{3}, {4}}), ContainsSubstring("2 prefixes for 1 sentences"));
  CHECK_THROWS_WITH(with({{3, 3, 3, 3}}), ContainsSubstring("prefix 0 has 4 words; an output has at most 3"));
  CHECK_THROWS_WITH(with({{3, 0}}), ContainsSubstring("prefix 0 has the id 0 (pad) at 1"));
  CHECK_THROWS_WITH(with({{1}}), ContainsSubstring("the id 1 (bos) at 0"));
  CHECK_THROWS_WITH(with({{2, 3}}), ContainsSubstring("the id 2 (eos) at 0"));
  CHECK_THROWS_WITH(with({{6}}), ContainsSubstring("the id 6, but the model has 6 words"));
  CHECK_THROWS_WITH(with({{-1}}), ContainsSubstring("the id -1, but the model has 6 words"));
  CHECK_THROWS_WITH(score(*model, {{3, 2}}, {}), ContainsSubstring("0 targets for 1 sources"));
  CHECK_THROWS_WITH(score(*model, {{3, 2}}, {std::vector<Index>(40, 3)}), ContainsSubstring("41 words"));
}

TEST_CASE("an ensemble has the mean of its models' probabilities", "[models][decode]") {
  const auto few = few_models(DType::f64);
  const Tensor source = random_ids({5, 2, 4}, 7, 1), target = random_ids({4, 4, 3}, 6, 2);
  Tensor mean;
  for (std::size_t m = 1; m < 4; ++m) {
    const Tensor p = softmax(few[m].model->logits(source, target), -1);
    mean = mean.defined() ? mean + p : p;
  }
  const Seq2Seq& ensemble = *few[4].model;
  CHECK(largest_difference(exp(ensemble.logits(source, target)), mean / 3) < 1e-14);
  CHECK(largest_difference(ensemble.logits(source, target), ensemble.Seq2Seq::logits(source, target)) < 1e-12);
  CHECK(ensemble.max_target() == 32);
  const Tensor weights = sum(ensemble.attention_weights(source, target), {2});
  CHECK(largest_difference(weights, Tensor::ones(weights.shape(), DType::f64)) < 1e-14);
  CHECK_FALSE(Ensemble({few[0].model, few[1].model}).attention_weights(source, target).defined());
  CHECK_THROWS_WITH(Ensemble({}), ContainsSubstring("there is no model"));
  const Built larger({.model = "rnn", .source_vocab = 7, .target_vocab = 9, .dim = 4});
  const std::shared_ptr<const Seq2Seq> other(std::shared_ptr<void>(), larger.model.get());
  CHECK_THROWS_WITH(Ensemble({few[0].model, other}).logits(source, target),
                    ContainsSubstring("model 1 has 9 words and model 0 has 6"));
}

TEST_CASE("a step with no state, or the state of another model, is refused", "[models]") {
  const auto few = few_models();
  const Tensor word = Tensor::from(std::vector<Index>{1}, {1}), source = random_ids({3}, 7, 1);
  for (const Few& one : few) {
    for (const Few& other : few) {
      INFO(one.name << " with the state of " << other.name);
      const State state = other.model->encode(source);
      if (one.name == other.name)
        CHECK_NOTHROW(one.model->step(word, state));
      else
        CHECK_THROWS_AS(one.model->step(word, state), Error);
    }
    CHECK_THROWS_AS(one.model->step(word, {}), Error);
  }
  CHECK_THROWS_WITH(few[1].model->step(word, {}),
                    ContainsSubstring("rnn-attention: the state has 0 tensors of the source and 0 of the words; "
                                      "expected 3 and 4, as encode of the same model gives"));
  CHECK_THROWS_WITH(few[4].model->step(word, few[2].model->encode(source)),
                    ContainsSubstring("ensemble: the state has 0 parts; expected one for each of 3 models"));
}

TEST_CASE("an ensemble with a null model, and a registered model that nothing makes, are refused", "[models]") {
  CHECK_THROWS_WITH(Ensemble({few_models()[0].model, nullptr}), ContainsSubstring("ensemble: model 1 is null"));
  CHECK_THROWS_WITH(register_model("of nothing", nullptr, {}), ContainsSubstring("has no function that makes it"));
  CHECK_THROWS_WITH(model_info("of nothing"), ContainsSubstring("there is no model 'of nothing'"));
}

}  // namespace gradus::models_prefix_test
