#include <gradus/train/internal/renumbered.h>

#include <utility>

#include <gradus/autograd/ops/indexing.h>
#include <gradus/autograd/ops/shape.h>

namespace gradus::train {
namespace {

// ids of any shape -> those of the model
Tensor looked_up(const Tensor& ids, const Tensor& ids_of_model) {
  return reshape(index_select(ids_of_model, 0, reshape(ids, {ids.numel()})), ids.shape());
}

}  // namespace

Renumbered::Renumbered(std::shared_ptr<const models::Seq2Seq> model, const std::vector<Index>& source_ids,
                       const std::vector<Index>& target_ids)
    : model_(std::move(model)), source_ids_(Tensor::from(source_ids)), target_ids_(Tensor::from(target_ids)) {}

models::State Renumbered::encode(const Tensor& source) const { return model_->encode(looked_up(source, source_ids_)); }

models::Step Renumbered::step(const Tensor& word, const models::State& state) const {
  models::Step next = model_->step(looked_up(word, target_ids_), state);
  next.logits = index_select(next.logits, -1, target_ids_);
  return next;
}

Tensor Renumbered::logits(const Tensor& source, const Tensor& target_in) const {
  const Tensor logits = model_->logits(looked_up(source, source_ids_), looked_up(target_in, target_ids_));
  return index_select(logits, -1, target_ids_);
}

Tensor Renumbered::attention_weights(const Tensor& source, const Tensor& target_in) const {
  return model_->attention_weights(looked_up(source, source_ids_), looked_up(target_in, target_ids_));
}

std::vector<models::AttentionMap> Renumbered::attention_maps(const Tensor& source, const Tensor& target_in) const {
  return model_->attention_maps(looked_up(source, source_ids_), looked_up(target_in, target_ids_));
}

}  // namespace gradus::train
