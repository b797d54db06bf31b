#include <gradus/checks/model_check.h>

#include <numeric>

#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops/copying.h>
#include <gradus/models/registry.h>
#include <gradus/nn/dropout.h>
#include <gradus/nn/losses.h>

namespace gradus::checks {
namespace {

void copy_parameters(const nn::ParameterStore& from, const nn::ParameterStore& store) {
  for (const nn::Parameter& p : from.all()) {
    const Tensor into = store.at(p.path);
    nn::copy_into(into, to(p.tensor.detach(), into.dtype()));
  }
}

}  // namespace

std::vector<data::EncodedPair> random_pairs(Index source_vocab, Index target_vocab, std::uint64_t seed) {
  const Philox random(seed, 0);
  std::uint64_t drawn = 0;
  const auto sequence = [&](Index length, Index vocabulary) {
    std::vector<data::Id> ids;
    const auto ordinary = static_cast<std::uint64_t>(std::max<Index>(1, vocabulary - data::unk_id));
    for (Index i = 0; i < length; ++i)
      ids.push_back(data::unk_id + static_cast<data::Id>(random.below(drawn++, ordinary)));
    return ids;
  };
  std::vector<data::EncodedPair> pairs;
  for (const auto& [source, target] : {std::pair<Index, Index>{4, 2}, {2, 3}, {3, 1}})
    pairs.push_back({sequence(source, source_vocab), sequence(target, target_vocab)});
  return pairs;
}

Doubled doubled(const nn::ParameterStore& store, const models::Seq2SeqOptions& options) {
  Doubled copy;
  copy.store = std::make_unique<nn::ParameterStore>(store.seed(), DType::f64);
  copy.model = models::make_model(copy.store->root(), options);
  copy_parameters(store, *copy.store);
  return copy;
}

DoubledClassifier doubled(const nn::ParameterStore& store, const models::Seq2SeqOptions& options,
                          const models::ImageOptions& images) {
  DoubledClassifier copy;
  copy.store = std::make_unique<nn::ParameterStore>(store.seed(), DType::f64);
  copy.model = std::make_unique<models::ImageClassifier>(copy.store->root(), options, images);
  copy_parameters(store, *copy.store);
  return copy;
}

GradcheckOptions model_options() {
  return {.relative = 1e-6, .step = 0x1p-15, .full_jacobian = 64, .directions = 4, .allow_kinks = true};
}

GradcheckReport check_model(const models::Seq2Seq& model, const nn::ParameterStore& store,
                            const std::vector<data::EncodedPair>& pairs, double label_smoothing,
                            const GradcheckOptions& options) {
  std::vector<Index> rows(pairs.size());
  std::iota(rows.begin(), rows.end(), Index{0});
  const data::Batch batch = data::make_batch(pairs, rows);
  const Tensor source = Tensor::from(batch.source, {batch.size, batch.source_length}),
               target_in = Tensor::from(batch.target_in, {batch.size, batch.target_length}),
               target_out = Tensor::from(batch.target_out, {batch.size, batch.target_length});
  const nn::Training training;
  return check_module(
      [&](const std::vector<Tensor>&) {
        return nn::sequence_cross_entropy(model.logits(source, target_in), target_out,
                                          {.label_smoothing = label_smoothing, .pad = data::pad_id});
      },
      store.trainable(), {}, options);
}

GradcheckReport check_model(const models::ImageClassifier& model, const nn::ParameterStore& store, const Tensor& pixels,
                            const std::vector<Index>& labels, double label_smoothing, const GradcheckOptions& options) {
  const Tensor classes = Tensor::from(labels, {std::ssize(labels)});
  const nn::Training training;
  return check_module(
      [&](const std::vector<Tensor>&) {
        return cross_entropy(model(pixels), classes, {.label_smoothing = label_smoothing});
      },
      store.trainable(), {}, options);
}

}  // namespace gradus::checks
