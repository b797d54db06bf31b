#include <cmath>

#include <gradus/autograd/ops.h>
#include <gradus/train/internal/target_of_source.h>
#include <gradus/train/setting.h>

#include "catch.h"
#include "models_variants.h"

namespace gradus::models_copying_test {

using namespace gradus::models;
using Catch::Matchers::ContainsSubstring;

namespace {

std::vector<Seq2SeqOptions> copying_models() {
  Seq2SeqOptions o{.source_vocab = 7, .target_vocab = 6, .dim = 4};
  o.hidden = 4;
  o.copy = true;
  o.target_of_source = {-1, -1, 2, 5, 3, -1, 5};
  std::vector<Seq2SeqOptions> models;
  for (const char* name : {"rnn-attention", "transformer"}) {
    o.model = name;
    models.push_back(o);
  }
  return models;
}

/// log p [1, 2, 6] of a source with the bias b of the gate, σ(w·r + b).
Tensor log_p(const Built& built, double bias, const std::vector<Index>& source) {
  built.store.at("output.copy.gate.bias").detach().mutable_data<double>()[0] = bias;
  return built.model->logits(Tensor::from(source, {1, std::ssize(source)}),
                             Tensor::from(std::vector<Index>{1, 4}, {1, 2}));
}

}  // namespace

TEST_CASE("a model that copies gives the log-probabilities of its words", "[models]") {
  for (const auto& options : copying_models()) {
    INFO(models::describe(options));
    const Built built(options);
    for (const double bias : {-40.0, 0.0, 40.0}) {
      const Tensor found = log_p(built, bias, {3, 5, 6, 4});
      CHECK(largest_difference(sum(exp(found), {2}), Tensor::ones({1, 2}, DType::f64)) < 1e-14);
      CHECK(largest_difference(log_softmax(found, -1), found) < 1e-14);
    }
  }
}

TEST_CASE("a closed gate copies source tokens, an open one generates", "[models]") {
  for (auto options : copying_models()) {
    INFO(models::describe(options));
    const Built built(options);
    // Sources 3 and 6 are target 5, source 4 is target 3, and source 5 has no target.
    const Tensor copied = exp(log_p(built, -60, {3, 5, 6, 4}));
    const Tensor of_3_and_5 = index_select(copied, 2, Tensor::from(std::vector<Index>{3, 5}, {2}));
    CHECK(largest_difference(sum(of_3_and_5, {2}), Tensor::ones({1, 2}, DType::f64)) < 1e-14);
    CHECK(min(of_3_and_5).item() > 0.01);

    options.copy = false;
    const Built without(options);
    for (const auto& source : std::vector<std::vector<Index>>{{3, 5, 6, 4}, {5, 5}}) {
      const Tensor generated = log_softmax(without.model->logits(Tensor::from(source, {1, std::ssize(source)}),
                                                                 Tensor::from(std::vector<Index>{1, 4}, {1, 2})),
                                           -1);
      CHECK(largest_difference(log_p(built, 60, source), generated) < 1e-14);
      // Nothing can be copied from the second source.
      CHECK((largest_difference(log_p(built, -60, source), generated) < 1e-14) == (source[0] == 5));
    }
  }
}

TEST_CASE("a model that copies needs a target id or -1 per source id", "[models]") {
  for (auto options : copying_models()) {
    options.target_of_source.pop_back();
    CHECK_THROWS_WITH(Built(options), ContainsSubstring("target_of_source") && ContainsSubstring("7 source ids"));
    options.target_of_source.push_back(6);
    CHECK_THROWS_WITH(Built(options), ContainsSubstring("below 6"));
  }
}

TEST_CASE("source tokens are copied as the target tokens of the same text") {
  using data::Vocabulary;
  const Vocabulary source = Vocabulary::build({{"a", 3}, {"b", 2}, {"V", 1}});
  const Vocabulary target = Vocabulary::build({{"b", 3}, {"c", 2}, {"a", 1}, {"<unk>", 1}});
  CHECK(train::target_of_source(source, target) ==
        std::vector<Index>{-1, -1, 2, -1, target.id("a"), target.id("b"), -1});
  CHECK(train::count_copyable(train::target_of_source(source, target)) == 2);
  CHECK_THROWS_WITH(train::target_of_source(source, Vocabulary::build({{"AH", 1}})),
                    ContainsSubstring("nothing can be copied"));
}

}  // namespace gradus::models_copying_test
