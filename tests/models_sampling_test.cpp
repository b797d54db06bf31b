#include <cmath>
#include <set>

#include <gradus/models/ensemble.h>
#include <gradus/models/internal/minimum_risk.h>
#include <gradus/models/internal/sampling.h>

#include "catch.h"
#include "models_few.h"

namespace gradus::models_sampling_test {

using namespace gradus::models;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("samples have the same bits alone, in any batch, and among more samples", "[models][decode]") {
  const Sentences sentences = few_sentences();
  for (const Few& few : few_models()) {
    INFO(few.name);
    const DecodeOptions options{.max_length = 8, .samples = 4, .top_p = 0.95, .seed = 7};
    const auto together = decode(*few.model, sentences, options);
    DecodeOptions more = options;
    more.samples = 6;
    more.batch = 13;
    const auto longer = decode(*few.model, sentences, more);
    std::set<std::vector<Index>> different;
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      check_same(together[i], decode(*few.model, {sentences[i]}, options)[0]);
      check_same(together[i], {longer[i].begin(), longer[i].begin() + 4});
      for (const Hypothesis& h : together[i]) different.insert(h.ids);
    }
    CHECK(different.size() > 5);
    more.seed = 8;
    CHECK(decode(*few.model, sentences, more)[0][0].log_probability != longer[0][0].log_probability);
  }
}

TEST_CASE("samples near temperature 0, and of the most probable word alone, are greedy", "[models][decode]") {
  const Sentences sentences = few_sentences();
  for (const Few& few : few_models()) {
    INFO(few.name);
    const auto greedy = decode(*few.model, sentences, {.max_length = 8});
    for (const DecodeOptions& options : {DecodeOptions{.max_length = 8, .samples = 2, .temperature = 1e-6},
                                         DecodeOptions{.max_length = 8, .samples = 2, .top_k = 1},
                                         DecodeOptions{.max_length = 8, .samples = 2, .top_p = 1e-6}}) {
      const auto samples = decode(*few.model, sentences, options);
      for (std::size_t i = 0; i < sentences.size(); ++i) check_same(samples[i], {greedy[i][0], greedy[i][0]});
    }
  }
}

TEST_CASE("words are drawn as often as they are probable", "[models][decode]") {
  const Few few = few_models()[1];
  const Index draws = 4000;
  for (double temperature : {1.0, 0.5, 2.0}) {
    const auto samples =
        decode(*few.model, {{3, 4, 5, 2}}, {.max_length = 1, .samples = draws, .temperature = temperature})[0];
    // The probabilities of the words that may be drawn, from their own forced scores.
    std::vector<double> expected(6), found(6);
    double sum = 0;
    for (Index id = 2; id < 6; ++id) {
      const Sentences prefix{{id}};
      const double log_p = decode(*few.model, {{3, 4, 5, 2}}, {.max_length = 1}, prefix)[0][0].log_probability;
      sum += expected[static_cast<std::size_t>(id)] = std::exp(log_p / temperature);
    }
    for (const Hypothesis& h : samples) found[static_cast<std::size_t>(h.finished ? 2 : h.ids[0])] += 1.0 / draws;
    for (std::size_t id = 2; id < 6; ++id) {
      const double p = expected[id] / sum;
      CHECK(std::abs(found[id] - p) < 4 * std::sqrt(p * (1 - p) / draws));  // four standard deviations
    }
  }
}

TEST_CASE("a word is drawn from the top_k words and then from the share top_p", "[models][decode]") {
  const auto drawn = [](const DecodeOptions& options) {
    // pad, bos, then probabilities 0.1, 0.4, 0.2, 0.2
    const std::vector<double> log_p{std::log(0.05), std::log(0.05), std::log(0.1),
                                    std::log(0.4),  std::log(0.2),  std::log(0.2)};
    std::vector<int> counts(6);
    for (int i = 0; i < 900; ++i) ++counts[static_cast<std::size_t>(draw_word(log_p, options, (i + 0.5) / 900))];
    return counts;
  };
  CHECK(drawn({}) == std::vector<int>{0, 0, 100, 400, 200, 200});
  CHECK(drawn({.temperature = 1e-6}) == std::vector<int>{0, 0, 0, 900, 0, 0});
  CHECK(drawn({.top_k = 2}) == std::vector<int>{0, 0, 0, 600, 300, 0});
  CHECK(drawn({.top_k = 4}) == drawn({}));
  CHECK(drawn({.top_p = 0.6}) == std::vector<int>{0, 0, 0, 600, 300, 0});
  CHECK(drawn({.top_k = 2, .top_p = 0.6}) == std::vector<int>{0, 0, 0, 900, 0, 0});
}

TEST_CASE("minimum Bayes risk prefers the sample that is near the others", "[models][decode]") {
  const auto sample = [](std::vector<Index> ids, double log_probability) {
    Hypothesis h;
    h.ids = std::move(ids);
    h.log_probability = log_probability;
    h.finished = true;
    return h;
  };
  // Distances: abc-abd 1, abc-xyzw 4, abd-xyzw 4.
  const Hypotheses samples{sample({9, 9, 9, 9}, -1), sample({3, 4, 5}, -3), sample({3, 4, 6}, -2),
                           sample({3, 4, 5}, -3)};
  const Hypotheses ranked = by_risk(samples);
  REQUIRE(ranked.size() == 3);
  CHECK(ranked[0].ids == std::vector<Index>{3, 4, 5});
  CHECK(ranked[0].score == -(4.0 + 1.0) / 4);
  CHECK(ranked[1].ids == std::vector<Index>{3, 4, 6});
  CHECK(ranked[1].score == -(4.0 + 2.0) / 4);
  CHECK(ranked[2].score == -12.0 / 4);
  const Hypotheses equal = by_risk({sample({3}, -2), sample({4}, -1)});
  CHECK(equal[0].ids == std::vector<Index>{4});

  const Few few = few_models()[0];
  const DecodeOptions options{.n_best = 2, .max_length = 8, .samples = 12, .minimum_risk = true};
  const auto chosen = decode(*few.model, few_sentences(), options);
  DecodeOptions all = options;
  all.minimum_risk = false;
  const auto drawn = decode(*few.model, few_sentences(), all);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    REQUIRE(drawn[i].size() == 12);
    Hypotheses expected = by_risk(drawn[i]);
    expected.resize(2);
    check_same(chosen[i], expected);
  }
}

TEST_CASE("options of sampling out of range are refused by name", "[models][decode]") {
  const Few few = few_models()[0];
  const auto run = [&](const DecodeOptions& o) { return decode(*few.model, few_sentences(), o); };
  CHECK_THROWS_WITH(run({.samples = -1}), ContainsSubstring("samples is -1"));
  CHECK_THROWS_WITH(run({.samples = Index{1} << 40}),
                    ContainsSubstring("samples is 1099511627776; it must be at most"));
  CHECK_THROWS_WITH(run({.samples = 1, .temperature = 0}), ContainsSubstring("temperature is 0"));
  CHECK_THROWS_WITH(run({.samples = 1, .temperature = NAN}), ContainsSubstring("temperature is nan"));
  CHECK_THROWS_WITH(run({.samples = 1, .top_k = -2}), ContainsSubstring("top_k is -2"));
  CHECK_THROWS_WITH(run({.samples = 1, .top_p = 1.5}), ContainsSubstring("top_p is 1.5"));
  CHECK_THROWS_WITH(run({.minimum_risk = true}), ContainsSubstring("samples is 0"));
  CHECK_THROWS_WITH(run({.coverage_penalty = 11}), ContainsSubstring("coverage_penalty is 11"));
}

}  // namespace gradus::models_sampling_test
