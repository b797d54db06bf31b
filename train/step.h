#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/engine/observer.h>
#include <gradus/data/batches.h>
#include <gradus/models/seq2seq.h>
#include <gradus/nn/parameters.h>
#include <gradus/optim/optimizer.h>
#include <gradus/train/config.h>

namespace gradus::train {

/// A batch as a step of training reads it. Shards, and the parts of a shard, are ranges of its examples.
class StepBatch {
 public:
  virtual ~StepBatch() = default;
  /// The number of examples.
  virtual Index size() const = 0;
  /// The tokens of the targets, end marks included; 0 of other examples than pairs.
  virtual Index target_tokens() const { return 0; }
  /// The contribution of the examples [begin, end) to the mean loss of the batch. Called on several threads at once.
  virtual Tensor loss(Index begin, Index end) const = 0;
  /// The examples [begin, end) in messages: "training pairs 5, 17, 3", counted from 0 in the order of the data.
  virtual std::string names(Index begin, Index end) const = 0;
  /// What a user can do when there is not enough memory, after the size of the batch: "9 pairs of up to 5 source and 6
  /// target tokens: leave long pairs out, or make train.batch or the model smaller".
  virtual std::string size_advice() const = 0;
};

/// A batch of pairs for a sequence-to-sequence model; the loss is the cross-entropy in nats per target token.
///
/// With train.r_drop it is half of the loss of R-Drop (Liang et al. 2021): the mean of the losses of two passes with
/// different dropout, and the weight times half of the mean of both divergences between them.
class PairBatch final : public StepBatch {
 public:
  /// The model must outlive it. `progress` is the share of the training that is done, from 0 to 1: scheduled sampling
  /// predicts this times train.scheduled_sampling of the inputs of the decoder.
  PairBatch(const models::Seq2Seq& model, const TrainConfig& config, data::Batch batch, double progress = 0);

  Index size() const override { return batch_.size; }
  Index target_tokens() const override { return batch_.target_tokens; }
  Tensor loss(Index begin, Index end) const override;
  std::string names(Index begin, Index end) const override;
  std::string size_advice() const override;

 private:
  const models::Seq2Seq& model_;
  double label_smoothing_, r_drop_, predicted_;
  data::Batch batch_;
};

/// "training pairs 5, 17, 3" for `what` "pairs"; at most 64 rows are listed.
std::string names_of_rows(const char* what, const std::vector<Index>& rows, Index begin, Index end);

/// One step of training:
///
/// - The batch is split into train.shards shards, which run at the same time. Each has its own flat block of gradients.
/// - A shard is split into train.accumulate parts, which run in sequence, each on its own graph.
/// - The blocks are added in a fixed tree; clipping and the optimiser are one pass over flat memory.
///
/// The bits depend on the numbers of shards and parts, not on the number of threads. With one shard, each op divides
/// its work among the threads.
class TrainingStep {
 public:
  /// Flattens the store, which must outlive it.
  TrainingStep(nn::ParameterStore& store, const TrainConfig& config);
  /// The same for the pairs of a model, which must outlive it.
  TrainingStep(const models::Seq2Seq& model, nn::ParameterStore& store, const TrainConfig& config);

  /// What a step measured.
  struct Result {
    double loss = 0;          // nats per target token or image, before the update, with label smoothing and R-Drop
    double grad_norm = 0;     // before clipping
    Index target_tokens = 0;  // of a batch of pairs
    // Wall time in seconds. The time of the shards is divided in proportion to their forward and backward times.
    struct {
      double forward = 0, backward = 0, clip = 0, update = 0;
    } seconds;
  };

  /// Updates the parameters with the gradients of the batch. `step` (from 0) seeds random draws. Throws Error, with the
  /// parameters unchanged, when the batch is empty, and when the loss or a gradient is not finite; the message then
  /// names the step and the examples, and with train.detect_nan the op.
  Result run(const StepBatch& batch, Index step, double lr);
  /// The same for pairs of the model that the constructor was given. `progress` is that of PairBatch.
  Result run(const data::Batch& batch, Index step, double lr, double progress = 0);

  /// The observers of the steps that follow, for profiles: one for each shard, in place of train.detect_nan, and one
  /// for the work after the shards. They see the regions "forward" and "backward", and "clip" and "update". An empty
  /// list ends it. Throws when there are not as many.
  void observe(std::vector<Observer*> observers);

  /// The optimiser of the parameters, to save and load its state.
  optim::Optimizer& optimizer() { return *optimizer_; }
  const optim::Optimizer& optimizer() const { return *optimizer_; }

 private:
  struct ShardResult {
    double loss = 0, forward_seconds = 0, backward_seconds = 0;
  };
  struct Span {
    Index begin = 0, end = 0;
  };
  static std::vector<Span> cut(Span whole, Index pieces);
  ShardResult run_shard(const StepBatch& batch, Span shard, std::size_t k, Index step);
  void add_blocks(std::size_t used);
  [[noreturn]] void refuse(const std::string& what, const StepBatch& batch, Index step) const;

  const models::Seq2Seq* model_ = nullptr;
  TrainConfig config_;
  std::vector<Tensor> parameters_;
  std::vector<Tensor> blocks_;  // one per shard
  std::vector<Gradients> gradients_;
  std::vector<Observer*> observers_;  // empty: none
  std::unique_ptr<optim::Optimizer> optimizer_;
};

}  // namespace gradus::train
