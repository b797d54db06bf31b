#include <algorithm>
#include <cmath>
#include <limits>

#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/ops.h>
#include <gradus/models/decode.h>

#include "catch.h"
#include "models_few.h"
#include "models_variants.h"
#include "scaled.h"

namespace gradus::models_decode_test {

using namespace gradus::models;
using Catch::Matchers::ContainsSubstring;

namespace {

std::vector<Index> ids_of(const Tensor& source, Index row, Index length) {
  const Index* p = source.data<Index>() + row * source.size(1);
  return {p, p + length};
}

}  // namespace

TEST_CASE("a sentence decodes to the same bits alone, in a batch, and with padding", "[models][decode]") {
  std::vector<Index> lengths;
  for (Index i = 0; i < 32; ++i) lengths.push_back(1 + i * 7 % 9);
  for (const auto& options : shared(all_variants(), 0)) {
    INFO(models::describe(options));
    const Built built(options, DType::f32);
    stir(built.store, 2);
    const Tensor sources = random_ids(lengths, 7, 5, 12);
    const DecodeOptions decoding{.beam = 3, .n_best = 3, .max_length = 8, .attention_weights = true, .batch = 5};
    const auto together = decode(*built.model, sources, decoding);
    std::vector<std::vector<Index>> sentences;
    for (Index i = 0; i < 32; ++i) sentences.push_back(ids_of(sources, i, lengths[static_cast<std::size_t>(i)]));
    const auto by_fives = decode(*built.model, sentences, decoding);
    for (std::size_t i = 0; i < 32; ++i) {
      const Tensor alone = Tensor::from(sentences[i], {1, std::ssize(sentences[i])});
      check_same(together[i], decode(*built.model, alone, decoding)[0]);
      check_same(together[i], by_fives[i]);
    }
  }
}

TEST_CASE("long sentences through wide layers decode to the same bits alone and in a batch", "[models][decode]") {
  Seq2SeqOptions wide{.source_vocab = 40, .target_vocab = 70, .dim = 72};
  wide.hidden = 100;
  wide.heads = 3;
  wide.ffn = 150;
  wide.residual = true;
  wide.norm = nn::NormOrder::pre;
  std::vector<Seq2SeqOptions> variants;
  for (const auto& name : model_names()) {
    wide.model = name;
    wide.bidirectional = model_info(name).attends;
    variants.push_back(wide);
  }
  wide.model = "rnn-attention";
  wide.alignment = Alignment::qkv;
  variants.push_back(wide);
  const std::vector<Index> lengths{1, 40, 17, 33, 8, 64, 50, 3, 29, 16, 31, 47, 2, 5, 60, 12, 36};
  const Tensor sources = random_ids(lengths, 40, 5, 70);
  for (const auto& options : variants) {
    INFO(models::describe(options));
    const Built built(options, DType::f32);
    stir(built.store, 1.5);
    const DecodeOptions decoding{.beam = 2, .n_best = 2, .max_length = 12, .attention_weights = true};
    const auto together = decode(*built.model, sources, decoding);
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      const Tensor alone = Tensor::from(ids_of(sources, static_cast<Index>(i), lengths[i]), {1, lengths[i]});
      check_same(together[i], decode(*built.model, alone, decoding)[0]);
    }
  }
}

TEST_CASE("greedy decoding takes the most probable word at each step", "[models][decode]") {
  for (const auto& options : all_variants()) {
    INFO(models::describe(options));
    const Built built(options);
    stir(built.store, 3);
    const Tensor source = random_ids({4}, 7, 3);
    const Hypothesis found = greedy(*built.model, source, {.max_length = 7})[0];

    const NoGrad no_grad;
    std::vector<Index> words{1};
    double log_probability = 0;
    while (words.size() <= 7) {
      const Tensor logits = built.model->logits(source, Tensor::from(words, {1, std::ssize(words)}));
      const auto log_p = select(log_softmax(logits, -1), 1, std::ssize(words) - 1).to_vector<double>();
      const auto best = std::max_element(log_p.begin() + 2, log_p.end());  // not pad, not bos
      log_probability += *best;
      words.push_back(best - log_p.begin());
      if (words.back() == 2) break;
    }
    CHECK(found.finished == (words.back() == 2));
    CHECK(found.log_probability == Approx(log_probability).epsilon(1e-12));
    CHECK(found.score == Approx(log_probability / static_cast<double>(words.size() - 1)).epsilon(1e-12));
    words.erase(words.begin());
    if (found.finished) words.pop_back();
    CHECK(found.ids == words);
  }
}

TEST_CASE("a beam that holds all hypotheses finds the best ones", "[models][decode]") {
  Seq2SeqOptions options{.model = "rnn-attention", .source_vocab = 7, .target_vocab = 6, .dim = 4};
  options.hidden = 4;
  const Built built(options);
  stir(built.store, 2);
  const Tensor source = random_ids({4}, 7, 3);
  const Index longest = 4;

  // Every finished sequence of the words 3, 4 and 5, with the mean of its log-probabilities, eos included.
  std::vector<std::pair<double, std::vector<Index>>> all;
  const NoGrad no_grad;
  std::vector<std::vector<Index>> open{{}};
  for (Index length = 0; length < longest; ++length) {
    std::vector<std::vector<Index>> longer;
    for (const auto& ids : open) {
      std::vector<Index> in{1}, out = ids;
      in.insert(in.end(), ids.begin(), ids.end());
      out.push_back(2);
      const Tensor log_p = log_softmax(built.model->logits(source, Tensor::from(in, {1, std::ssize(in)})), -1);
      double sum = 0;
      for (std::size_t t = 0; t < out.size(); ++t)
        sum += log_p.data<double>()[t * 6 + static_cast<std::size_t>(out[t])];
      all.emplace_back(sum / static_cast<double>(out.size()), ids);
      for (Index id : {3, 4, 5}) {
        longer.push_back(ids);
        longer.back().push_back(id);
      }
    }
    open = std::move(longer);
  }
  std::sort(all.rbegin(), all.rend());

  const auto found = decode(*built.model, source, {.beam = 200, .n_best = 200, .max_length = longest})[0];
  REQUIRE(found.size() == all.size() + open.size());  // unfinished ones last
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(found[i].finished);
    CHECK(found[i].ids == all[i].second);
    CHECK(found[i].score == Approx(all[i].first).epsilon(1e-12));
  }
  CHECK_FALSE(found.back().finished);
}

TEST_CASE("an n-best list is sorted and has no duplicates", "[models][decode]") {
  for (const auto& options : all_variants()) {
    INFO(models::describe(options));
    const Built built(options);
    stir(built.store, 2);
    const auto found = decode(*built.model, random_ids({4, 1}, 7, 3), {.beam = 4, .n_best = 4, .max_length = 6});
    REQUIRE(found.size() == 2);
    for (const auto& hypotheses : found) {
      REQUIRE(hypotheses.size() == 4);
      for (std::size_t i = 1; i < 4; ++i) {
        CHECK((hypotheses[i - 1].finished > hypotheses[i].finished || hypotheses[i - 1].score >= hypotheses[i].score));
        CHECK(hypotheses[i - 1].ids != hypotheses[i].ids);
      }
    }
  }
}

TEST_CASE("attention weights have a row per word and a column per source token", "[models][decode]") {
  for (const auto& options : all_variants()) {
    INFO(models::describe(options));
    const Built built(options);
    stir(built.store, 2);
    const auto found =
        decode(*built.model, random_ids({4, 2}, 7, 3, 6), {.beam = 2, .max_length = 5, .attention_weights = true});
    const Index lengths[] = {4, 2};
    for (std::size_t i = 0; i < 2; ++i) {
      const Hypothesis& best = found[i][0];
      if (!model_info(options.model).attends) {
        CHECK_FALSE(best.attention_weights.defined());
        continue;
      }
      REQUIRE(best.attention_weights.shape() == Shape{std::ssize(best.ids) + best.finished, lengths[i]});
      const Tensor rows = sum(best.attention_weights, {1});
      CHECK(largest_difference(rows, Tensor::ones(rows.shape(), DType::f64)) < 1e-12);
    }
    CHECK_FALSE(greedy(*built.model, random_ids({4}, 7, 3), {.max_length = 3})[0].attention_weights.defined());
  }
}

TEST_CASE("decoding stops at the limit and at the model's positions", "[models][decode]") {
  Seq2SeqOptions options{.model = "attention", .source_vocab = 7, .target_vocab = 6, .dim = 4};
  options.max_length = 5;
  const Built built(options);
  Tensor bias = built.store.at("output.bias");
  bias.mutable_data<double>()[2] = -100;  // eos is never the best
  const Tensor source = random_ids({4}, 7, 3);
  CHECK(greedy(*built.model, source, {.max_length = 3})[0].ids.size() == 3);
  const Hypothesis found = greedy(*built.model, source, {.max_length = 50})[0];
  CHECK(found.ids.size() == 5);
  CHECK_FALSE(found.finished);
}

TEST_CASE("bad decoding options and scores are refused by name", "[models][decode]") {
  const Built built({.model = "attention", .source_vocab = 7, .target_vocab = 6, .dim = 4});
  const Tensor source = random_ids({4}, 7, 3);
  auto run = [&](const DecodeOptions& o) { return decode(*built.model, source, o); };
  CHECK_THROWS_WITH(run({.beam = 0}), ContainsSubstring("beam is 0"));
  CHECK_THROWS_WITH(run({.beam = 2, .n_best = 3}), ContainsSubstring("n_best is 3"));
  CHECK_THROWS_WITH(run({.max_length = 0}), ContainsSubstring("max_length is 0"));
  CHECK_THROWS_WITH(run({.length_penalty = -1}), ContainsSubstring("length_penalty is -1"));
  CHECK_THROWS_WITH(decode(*built.model, Tensor::zeros({2, 2}), {}), ContainsSubstring("i64"));
  Tensor bias = built.store.at("output.bias");
  bias.mutable_data<double>()[3] = NAN;
  CHECK_THROWS_WITH(run({}), ContainsSubstring("NaN"));
}

TEST_CASE("a batch of any size decodes all sentences", "[models][decode]") {
  const Sentences sentences = few_sentences();
  for (const Few& few : few_models()) {
    const auto found = decode(*few.model, sentences, {.max_length = 4});
    const auto at_once = decode(*few.model, sentences, {.max_length = 4, .batch = std::numeric_limits<Index>::max()});
    REQUIRE(at_once.size() == found.size());
    for (std::size_t i = 0; i < found.size(); ++i) check_same(at_once[i], found[i]);
  }
  CHECK(decode(*few_models()[0].model, Sentences{}, {}).empty());
}

TEST_CASE("an end that is no word of its own is refused", "[models][decode]") {
  const Built built({.model = "attention", .source_vocab = 7, .target_vocab = 6, .dim = 4});
  const Tensor source = random_ids({4}, 7, 3);
  const auto refused = [&](Index eos, const char* message) {
    CHECK_THROWS_WITH(decode(*built.model, source, {.eos = eos}), ContainsSubstring(message));
  };
  refused(0, "eos is 0, pad is 0 and bos is 1; eos must be an id of its own");
  refused(1, "eos must be an id of its own");
  refused(-2, "eos is -2; it must be at least 0");
  refused(6, "eos is 6, but the model has 6 words");
  CHECK_FALSE(greedy(*built.model, source, {.max_length = 3, .eos = no_eos})[0].finished);
}

TEST_CASE("a model without a word to emit is refused", "[models][decode]") {
  const Built built({.model = "attention", .source_vocab = 7, .target_vocab = 2, .dim = 4});
  const Tensor source = random_ids({4}, 7, 3);
  for (const DecodeOptions& options : {DecodeOptions{.eos = no_eos}, DecodeOptions{.samples = 2, .eos = no_eos}}) {
    CHECK_THROWS_WITH(decode(*built.model, source, options),
                      ContainsSubstring("the model has 2 words, all of them pad and bos"));
  }
  CHECK_THROWS_WITH(greedy(*built.model, source, {.eos = no_eos}), ContainsSubstring("expected another to emit"));
}

TEST_CASE("logits without a row per hypothesis are refused", "[models][decode]") {
  struct OneRow final : Seq2Seq {
    State encode(const Tensor&) const override { return {}; }
    Step step(const Tensor&, const State& state) const override { return {Tensor::zeros({1, 6}), state}; }
  };
  CHECK_THROWS_WITH(decode(OneRow(), random_ids({4, 4}, 7, 3), {}),
                    ContainsSubstring("the logits of the model are") && ContainsSubstring("expected [2, words]"));
}

}  // namespace gradus::models_decode_test
