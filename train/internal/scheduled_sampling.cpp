#include <gradus/train/internal/scheduled_sampling.h>

#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops/reduction.h>
#include <gradus/nn/training.h>

namespace gradus::train {

void mix_predictions(data::Batch& pairs, double share, const models::Seq2Seq& model) {
  const Philox random = RandomScope::next();
  const NoGrad no_grad;
  const nn::Training off(false);
  const Tensor logits = model.logits(Tensor::from(pairs.source, {pairs.size, pairs.source_length}),
                                     Tensor::from(pairs.target_in, {pairs.size, pairs.target_length}));
  constexpr Index first = data::unk_id;  // after the ids of padding, start and end
  const Tensor best = argmax(narrow(logits, -1, first, logits.size(-1) - first), -1);  // [size, target_length]
  const Index* predicted = best.data<Index>();
  for (Index i = 0; i < best.numel(); ++i) {
    if ((i + 1) % pairs.target_length == 0) continue;  // the end of a row has no input after it
    data::Id& input = pairs.target_in[static_cast<std::size_t>(i + 1)];
    if (input != data::pad_id && random.uniform(static_cast<std::uint64_t>(i)) < share) input = first + predicted[i];
  }
}

}  // namespace gradus::train
