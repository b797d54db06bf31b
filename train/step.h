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
  /// predicts this times train.scheduled_sampling of the inputs of the decoder. Throws Error as data::check(Batch)
  /// does, and when `progress` is outside.
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

/// "training pairs 5, 17, 3" for `what` "pairs"; at most 64 rows are listed. Throws Error unless
/// 0 <= begin <= end <= the number of rows.
std::string names_of_rows(const char* what, const std::vector<Index>& rows, Index begin, Index end);

class GradientExchange;
class Ranks;
struct Span;

/// One step of training:
///
/// - The batch is split into train.shards shards, which run at the same time. Each has its own flat block of gradients.
/// - A shard is split into train.accumulate parts, which run in sequence, each on its own graph.
/// - The blocks are added in a fixed tree; clipping and the optimiser are one pass over flat memory.
///
/// The bits depend on the numbers of shards and parts, not on the number of threads. With one shard, each op divides
/// its work among the threads.
///
/// With ranks, each has a range of the shards. The blocks are added in the same tree, so the bits do not depend on the
/// number of ranks either, unless Ranks::fast_reduce is set. All ranks make the same update.
class TrainingStep {
 public:
  /// Flattens the store, which must outlive it, and so must `ranks`; null: this process alone. Throws Error when there
  /// are more ranks than shards, and ConfigError as check(TrainConfig) does.
  TrainingStep(nn::ParameterStore& store, const TrainConfig& config, Ranks* ranks = nullptr);
  ~TrainingStep();
  /// The same for the pairs of a model, which must outlive it.
  TrainingStep(const models::Seq2Seq& model, nn::ParameterStore& store, const TrainConfig& config,
               Ranks* ranks = nullptr);

  /// What a step measured.
  struct Result {
    double loss = 0;          // nats per target token or image, before the update, with label smoothing and R-Drop
    double grad_norm = 0;     // before clipping
    Index target_tokens = 0;  // of a batch of pairs
    // Wall time in seconds. The time of the shards is divided in proportion to their forward and backward times. The
    // exchange is the time in which this rank waits for others.
    struct {
      double forward = 0, backward = 0, exchange = 0, clip = 0, update = 0;
    } seconds;
  };

  /// Updates the parameters with the gradients of the batch. `step` (from 0) seeds random draws. Throws Error, with the
  /// parameters unchanged, when the batch is empty, and when the loss or a gradient is not finite; the message then
  /// names the step and the examples, and with train.detect_nan the op. An error of one rank is thrown on all.
  Result run(const StepBatch& batch, Index step, double lr);
  /// The same for pairs of the model that the constructor was given. `progress` is that of PairBatch.
  Result run(const data::Batch& batch, Index step, double lr, double progress = 0);

  /// The observers of the steps that follow, for profiles: one for each shard of this rank, in place of
  /// train.detect_nan, and one for the work after the shards. They see the regions "forward" and "backward", and "clip"
  /// and "update". An empty list ends it. Throws when there are not as many.
  void observe(std::vector<Observer*> observers);

  /// The exchange of gradients between ranks in all steps so far.
  struct Overlap {
    double hidden = 0;   // the share of its time that was hidden behind forward and backward, from 0 to 1
    double seconds = 0;  // its wall time
  };
  /// Zeros for this process alone.
  Overlap overlap() const;

  /// The optimiser of the parameters, to save and load its state. With Ranks::shard_optimizer, of those of this rank.
  optim::Optimizer& optimizer() { return *optimizer_; }
  const optim::Optimizer& optimizer() const { return *optimizer_; }

  /// The optimiser's state: on rank 0 of all parameters, elsewhere of those of this rank. All ranks call it.
  optim::State optimizer_state() const;
  /// The parameters whose states other ranks have.
  const std::vector<Tensor>& others() const { return others_; }

 private:
  struct ShardResult {
    double loss = 0, forward_seconds = 0, backward_seconds = 0;
  };
  std::vector<ShardResult> run_shards_of(const StepBatch& batch, const std::vector<Span>& shards, Span own, Index step);
  std::vector<ShardResult> run_with_ranks(const StepBatch& batch, const std::vector<Span>& shards, Index step);
  ShardResult run_shard(const StepBatch& batch, Span shard, Index k, Index step);
  void report_complete(std::size_t here);
  void share_parameters();
  void spread_parameters();
  void add_blocks(Index used);
  [[noreturn]] void refuse(const std::string& what, const StepBatch& batch, Index step) const;

  const models::Seq2Seq* model_ = nullptr;
  TrainConfig config_;
  std::vector<Tensor> parameters_;
  Ranks* ranks_;
  Index first_shard_ = 0;       // of this rank
  std::vector<Tensor> blocks_;  // one per shard of this rank
  std::vector<Gradients> gradients_;
  std::vector<Observer*> observers_;  // empty: none
  Tensor parameter_block_;            // all parameters
  std::vector<Index> shares_;  // with Ranks::shard_optimizer: positions in the block, at which those of a rank begin
  std::vector<Tensor> others_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  std::vector<std::size_t> bucket_of_;          // of each parameter
  std::unique_ptr<GradientExchange> exchange_;  // null: this process alone
};

}  // namespace gradus::train
