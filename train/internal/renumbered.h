#pragma once

#include <memory>
#include <vector>

#include <gradus/models/seq2seq.h>

namespace gradus::train {

/// A model seen with other ids: id i of a source is id source_ids[i] of the model, and id i of a target is id
/// target_ids[i].
class Renumbered final : public models::Seq2Seq {
 public:
  /// Each list is a permutation of 0 .. n-1 that begins with 0, the padding.
  Renumbered(std::shared_ptr<const models::Seq2Seq> model, const std::vector<Index>& source_ids,
             const std::vector<Index>& target_ids);

  models::State encode(const Tensor& source) const override;
  models::Step step(const Tensor& word, const models::State& state) const override;
  Tensor logits(const Tensor& source, const Tensor& target_in) const override;
  Tensor attention_weights(const Tensor& source, const Tensor& target_in) const override;
  std::vector<models::AttentionMap> attention_maps(const Tensor& source, const Tensor& target_in) const override;
  Index max_target() const override { return model_->max_target(); }

 private:
  std::shared_ptr<const models::Seq2Seq> model_;
  Tensor source_ids_, target_ids_;  // [vocabulary]
};

}  // namespace gradus::train
