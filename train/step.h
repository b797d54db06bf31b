#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gradus/autograd/engine/graph.h>
#include <gradus/data/batches.h>
#include <gradus/models/seq2seq.h>
#include <gradus/nn/parameters.h>
#include <gradus/optim/optimizer.h>
#include <gradus/train/config.h>

namespace gradus::train {

/// One step of training. The batch is cut into a fixed number of shards, which run side by side, each with a flat block
/// of gradients of its own; a shard is cut into parts (train.accumulate), which run one after another, each forward and
/// backward on a graph of its own; the blocks are added in one fixed tree; clipping and the optimiser are one pass. The
/// bits depend on the numbers of shards and parts, never on the number of threads. With one shard, ops divide their own
/// work among the threads.
class TrainingStep {
 public:
  /// Flattens the store. Model and store must outlive it.
  TrainingStep(const models::Seq2Seq& model, nn::ParameterStore& store, const TrainConfig& config);

  struct Result {
    double loss = 0;       // nats a target token, before the update, with label smoothing
    double grad_norm = 0;  // before clipping
    Index target_tokens = 0;
    // Wall time in seconds. Shards run side by side; their time is divided as their forward and backward parts are.
    struct {
      double forward = 0, backward = 0, clip = 0, update = 0;
    } seconds;
  };

  /// Moves the parameters by the batch. Throws Error, with the parameters as they were, when the loss or a gradient is
  /// not finite; `step` (from 0) seeds dropout. The message names step and pairs, and with train.detect_nan the op.
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
  std::vector<Tensor> blocks_;  // a shard each
  std::vector<Gradients> gradients_;
  std::unique_ptr<optim::Optimizer> optimizer_;
};

}  // namespace gradus::train
