#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gradus/autograd/engine/backward.h>
#include <gradus/data/batches.h>
#include <gradus/models/seq2seq.h>
#include <gradus/nn/parameters.h>
#include <gradus/optim/optimizer.h>
#include <gradus/train/config.h>

namespace gradus::train {

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
  /// Flattens the store. Model and store must outlive it.
  TrainingStep(const models::Seq2Seq& model, nn::ParameterStore& store, const TrainConfig& config);

  struct Result {
    double loss = 0;       // nats per target token, before the update, with label smoothing
    double grad_norm = 0;  // before clipping
    Index target_tokens = 0;
    // Wall time in seconds. The time of the shards is divided in proportion to their forward and backward times.
    struct {
      double forward = 0, backward = 0, clip = 0, update = 0;
    } seconds;
  };

  /// Updates the parameters with the gradients of the batch. `step` (from 0) seeds dropout. Throws Error, with the
  /// parameters unchanged, when the batch is empty, and when the loss or a gradient is not finite; the message then
  /// names the step and the pairs, and with train.detect_nan the op.
  Result run(const data::Batch& batch, Index step, double lr);

  optim::Optimizer& optimizer() { return *optimizer_; }
  const optim::Optimizer& optimizer() const { return *optimizer_; }

 private:
  struct ShardResult {
    double loss = 0, forward_seconds = 0, backward_seconds = 0;
  };
  ShardResult run_shard(const data::Batch& shard, Index batch_tokens, std::size_t k, Index step);
  Tensor loss_of(const data::Batch& pairs, Index batch_tokens) const;
  void add_blocks(std::size_t used);
  [[noreturn]] void refuse(const std::string& what, const data::Batch& batch, Index step) const;

  const models::Seq2Seq& model_;
  TrainConfig config_;
  std::vector<Tensor> parameters_;
  std::vector<Tensor> blocks_;  // one per shard
  std::vector<Gradients> gradients_;
  std::unique_ptr<optim::Optimizer> optimizer_;
};

}  // namespace gradus::train
