#pragma once

#include <memory>
#include <vector>

#include <gradus/autograd/checks/gradcheck.h>
#include <gradus/data/batches.h>
#include <gradus/models/options.h>
#include <gradus/models/seq2seq.h>
#include <gradus/nn/parameters.h>

// Is the gradient of a whole model right?
namespace gradus::checks {

/// Pairs of unequal lengths, so that both sides of a batch are padded; ids from the two vocabularies, a function of
/// their sizes and the seed.
std::vector<data::EncodedPair> random_pairs(Index source_vocab, Index target_vocab, std::uint64_t seed);

/// The same model with parameters of f64, which checks need, in a store of its own.
struct Doubled {
  std::unique_ptr<nn::ParameterStore> store;
  std::unique_ptr<models::Seq2Seq> model;
};
Doubled doubled(const nn::ParameterStore& store, const models::Seq2SeqOptions& options);

/// Tolerance 1e-6. Steps are short, since a large model has a relu about to switch near every point; what differences
/// meet at one is a kink and no failure. Parameters of more than 64 numbers are checked at some and along some
/// directions.
GradcheckOptions model_options();

/// check_module of the training loss of the pairs, as one batch with padding, dropout on, by every trainable parameter
/// of a model of f64.
GradcheckReport check_model(const models::Seq2Seq& model, const nn::ParameterStore& store,
                            const std::vector<data::EncodedPair>& pairs, double label_smoothing,
                            const GradcheckOptions& options);

}  // namespace gradus::checks
