#pragma once

#include <memory>
#include <vector>

#include <gradus/autograd/checks/gradcheck.h>
#include <gradus/data/batches.h>
#include <gradus/models/image_classifier.h>
#include <gradus/models/options.h>
#include <gradus/models/seq2seq.h>
#include <gradus/nn/parameters.h>

// Gradient checks of whole models.
namespace gradus::checks {

/// Pairs of unequal lengths, so that both sides of a batch are padded. Their ids are a function of the vocabulary sizes
/// and the seed.
std::vector<data::EncodedPair> random_pairs(Index source_vocab, Index target_vocab, std::uint64_t seed);

/// A copy of a model with parameters in f64, in its own store.
struct Doubled {
  std::unique_ptr<nn::ParameterStore> store;
  std::unique_ptr<models::Seq2Seq> model;
};
Doubled doubled(const nn::ParameterStore& store, const models::Seq2SeqOptions& options);

/// The same for a model of images.
struct DoubledClassifier {
  std::unique_ptr<nn::ParameterStore> store;
  std::unique_ptr<models::ImageClassifier> model;
};
DoubledClassifier doubled(const nn::ParameterStore& store, const models::Seq2SeqOptions& options,
                          const models::ImageOptions& images);

/// The options for models:
/// - relative error 1e-6;
/// - short steps and kinks allowed, because in a large model some relu is always close to its kink;
/// - parameters of more than 64 numbers are checked at 4 elements and along 4 directions.
GradcheckOptions model_options();

/// check_module of the training loss for every trainable parameter of a model in f64. The pairs are one batch with
/// padding; dropout is on.
GradcheckReport check_model(const models::Seq2Seq& model, const nn::ParameterStore& store,
                            const std::vector<data::EncodedPair>& pairs, double label_smoothing,
                            const GradcheckOptions& options);

/// The same for a model of images in f64: pixels [batch, channels, height, width] and a label per image.
GradcheckReport check_model(const models::ImageClassifier& model, const nn::ParameterStore& store, const Tensor& pixels,
                            const std::vector<Index>& labels, double label_smoothing, const GradcheckOptions& options);

}  // namespace gradus::checks
