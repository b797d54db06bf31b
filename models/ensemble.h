#pragma once

#include <memory>
#include <vector>

#include <gradus/models/seq2seq.h>

namespace gradus::models {

/// Several models of the same vocabularies as one: the probability of the next word is the mean of theirs,
///
///     p(y_j | y_<j, x) = 1/M Σ_m p_m(y_j | y_<j, x)
///
/// Its logits are log p. Its attention weights are the mean of theirs, and undefined unless all models attend.
class Ensemble final : public Seq2Seq {
 public:
  /// Throws an Error when there is no model, or one is null.
  explicit Ensemble(std::vector<std::shared_ptr<const Seq2Seq>> models);

  State encode(const Tensor& source) const override;
  Step step(const Tensor& word, const State& state) const override;
  Tensor logits(const Tensor& source, const Tensor& target_in) const override;
  Tensor attention_weights(const Tensor& source, const Tensor& target_in) const override;
  Index max_target() const override;

 private:
  std::vector<std::shared_ptr<const Seq2Seq>> models_;
};

}  // namespace gradus::models
