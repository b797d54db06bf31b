#pragma once

#include <limits>
#include <utility>
#include <vector>

#include <gradus/autograd/ops/joining.h>
#include <gradus/autograd/ops/shape.h>
#include <gradus/autograd/ops/slicing.h>
#include <gradus/models/attention_map.h>
#include <gradus/models/model_info.h>
#include <gradus/models/state.h>

namespace gradus::models {

/// The result of Seq2Seq::step.
struct Step {
  Tensor logits;  // [batch, target_vocab]
  State state;    // after the word
};

/// A model of target sequences given source sequences. Ids are i64; id 0 is padding, at the end of a row only. Batches,
/// losses, decoding and checkpoints are written once, over these functions.
class Seq2Seq {
 public:
  virtual ~Seq2Seq() = default;

  /// source [batch, source] -> the state before the first word
  virtual State encode(const Tensor& source) const = 0;
  /// word [batch] -> the logits of the next word, and the state after `word`. The models of the library throw an Error
  /// for a state that is not theirs.
  virtual Step step(const Tensor& word, const State& state) const = 0;
  /// Teacher forcing: source [batch, source], target_in [batch, time] -> [batch, time, target_vocab]. The default is a
  /// loop over `step`. Models override it with the same mathematics and fewer, larger products.
  virtual Tensor logits(const Tensor& source, const Tensor& target_in) const;
  /// alpha under teacher forcing: source [batch, source], target_in [batch, time] -> [batch, time, source], averaged
  /// over heads. Undefined for a model without attention.
  virtual Tensor attention_weights(const Tensor& /*source*/, const Tensor& /*target_in*/) const { return {}; }
  /// The weights of all layers and heads under teacher forcing, with the arguments of `attention_weights`, which are
  /// the default. Empty for a model without attention.
  virtual std::vector<AttentionMap> attention_maps(const Tensor& source, const Tensor& target_in) const;
  /// The number of words that `step` can read.
  virtual Index max_target() const { return std::numeric_limits<Index>::max(); }
};

inline Tensor Seq2Seq::logits(const Tensor& source, const Tensor& target_in) const {
  State state = encode(source);
  std::vector<Tensor> steps;
  for (Index j = 0; j < target_in.size(1); ++j) {
    Step s = step(select(target_in, 1, j), state);
    steps.push_back(std::move(s.logits));
    state = std::move(s.state);
  }
  return stack(steps, 1);
}

inline std::vector<AttentionMap> Seq2Seq::attention_maps(const Tensor& source, const Tensor& target_in) const {
  const Tensor weights = attention_weights(source, target_in);
  if (!weights.defined()) return {};
  return {{Reads::source_by_target, 0, unsqueeze(weights, 1)}};
}

}  // namespace gradus::models
