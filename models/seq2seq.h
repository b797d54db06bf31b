#pragma once

#include <limits>
#include <vector>

#include <gradus/autograd/ops.h>
#include <gradus/models/model_info.h>

namespace gradus::models {

/// All that decoding carries from word to word.
struct State {
  std::vector<Tensor> memory;  // of the source, [batch, ...]: the same for all hypotheses of a sentence
  std::vector<Tensor>
      rows;            // of the words so far, [batch, ...]; index_select on axis 0 of all tensors reorders hypotheses
  Tensor source_mask;  // [batch, source]: 1 for a token, 0 for padding
  Index position = 0;  // words read so far
  bool want_weights = false;  // whether steps shall say where they looked
};

struct Step {
  Tensor logits;  // [batch, target_vocab]
  State state;
  Tensor weights;  // [batch, source]: where the step looked, averaged over heads; undefined unless wanted and the model
                   // attends
};

/// A model of target sequences given source sequences. Ids are i64; id 0 is padding and stands only at the end of a
/// row. Batching, loss, decoding and checkpoints are written once, over these functions.
class Seq2Seq {
 public:
  virtual ~Seq2Seq() = default;

  /// source [batch, source] -> the state before the first word
  virtual State encode(const Tensor& source) const = 0;
  /// word [batch] -> scores of the word after it
  virtual Step step(const Tensor& word, const State& state) const = 0;
  /// Teacher forcing: source [batch, source], target_in [batch, time] -> [batch, time, target_vocab]. The default loops
  /// over `step`; models override it to take out of the loop what does not depend on the loop, with the same
  /// mathematics.
  virtual Tensor logits(const Tensor& source, const Tensor& target_in) const;
  /// The most words that `step` can read.
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

}  // namespace gradus::models
