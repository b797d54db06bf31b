#pragma once

#include <gradus/models/decode.h>
#include <gradus/models/ensemble.h>

#include "catch.h"
#include "models_variants.h"

// The four models and an ensemble of the three that attend, tiny, for tests of decoding.
namespace gradus::models {

struct Few {
  std::string name;
  std::shared_ptr<const Seq2Seq> model;
  bool attends;
};

inline std::vector<Few> few_models(DType dtype = DType::f32) {
  std::vector<Few> few;
  std::vector<std::shared_ptr<const Seq2Seq>> attending;
  for (const std::string name : {"rnn", "rnn-attention", "attention", "transformer"}) {
    Seq2SeqOptions o{.model = name, .source_vocab = 7, .target_vocab = 6, .dim = 4};
    o.hidden = 4;
    o.heads = 2;
    o.ffn = 8;
    o.residual = true;
    o.max_length = 32;
    const auto built = std::make_shared<Built>(o, dtype, 5);
    stir(built->store, name == "transformer" ? 0.8 : 2);
    few.push_back({name, std::shared_ptr<const Seq2Seq>(built, built->model.get()), name != "rnn"});
    if (few.back().attends) attending.push_back(few.back().model);
  }
  few.push_back({"ensemble", std::make_shared<Ensemble>(attending), true});
  return few;
}

/// Sources of several lengths that end with eos, in no order of lengths.
inline Sentences few_sentences() {
  Sentences sentences;
  for (Index i = 0; i < 12; ++i) {
    const Tensor ids = random_ids({1 + i * 7 % 9}, 7, static_cast<std::uint64_t>(i));
    sentences.push_back(ids.to_vector<Index>());
    sentences.back().push_back(2);
  }
  return sentences;
}

inline void check_same(const Hypotheses& a, const Hypotheses& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].ids == b[i].ids);
    CHECK(a[i].log_probability == b[i].log_probability);
    CHECK(a[i].word_log_probabilities == b[i].word_log_probabilities);
    CHECK(a[i].score == b[i].score);
    CHECK(a[i].finished == b[i].finished);
    REQUIRE(a[i].attention_weights.defined() == b[i].attention_weights.defined());
    if (a[i].attention_weights.defined())
      CHECK(largest_difference(a[i].attention_weights, b[i].attention_weights) == 0);
  }
}

}  // namespace gradus::models
