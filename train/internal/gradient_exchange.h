#pragma once

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <gradus/train/internal/shard_tree.h>
#include <gradus/train/ranks.h>

namespace gradus::train {

/// Least size of a bucket of gradients in training.
inline constexpr Index bucket_bytes = 1 << 20;

/// Adds the gradients of the shards of all ranks, bucket by bucket, while shards still run. A thread of its own makes
/// all calls of the ranks between `begin` and `finish`.
///
/// A bucket is cut into one piece per rank. Each rank adds its own shards as far as the tree allows and sends each
/// piece to the rank of that number, which makes the other additions in the order of the tree; then every rank gets
/// all pieces. So a rank sends about twice the bytes of the gradients, whatever the number of ranks, and the bits are
/// those of one rank.
class GradientExchange {
 public:
  /// `blocks`: a flat block of gradients, all of one dtype and size, for each shard of this rank out of `shards` in
  /// all. `buckets`: ranges of their elements that cover them. The first step exchanges them in this order, the others
  /// in that in which the shards of rank 0 completed them in the first step. With `fast` the sums of ranks are added by
  /// Ranks::start_sum instead, in an order that depends on their number.
  GradientExchange(Ranks& ranks, Index shards, std::vector<Tensor> blocks, std::vector<Span> buckets,
                   bool fast = false);
  ~GradientExchange();
  GradientExchange(const GradientExchange&) = delete;
  GradientExchange& operator=(const GradientExchange&) = delete;

  /// Starts a step in which the first `used` shards have examples.
  void begin(Index used);
  /// The shards of a rank in this step.
  Span shards_of(Index rank) const { return tree_->shards_of(rank); }
  /// A shard of this rank has its gradients of a bucket. At most one call per bucket and shard of this rank, on any
  /// thread.
  void complete(std::size_t bucket);
  /// All shards of this rank have all their gradients.
  void complete_rest();
  /// Returns when blocks[0] is the sum over all shards, on every rank. Throws RankLost as Ranks::wait does.
  void finish();

  /// The ranges of the buckets.
  const std::vector<Span>& buckets() const { return buckets_; }

  /// Wall time of all steps so far.
  struct Seconds {
    double all = 0;      // in which buckets were added or under way
    double exposed = 0;  // of these after the last shard of this rank was complete
  };
  const Seconds& seconds() const { return seconds_; }

 private:
  struct Bucket {
    Index missing = 0;  // shards of this rank that are not complete
    std::vector<std::byte> sent, received;
    std::unique_ptr<Ranks::Pending> pending;
  };

  void run();
  void exchange_all();
  void start(std::size_t b);
  void add_received(std::size_t b);
  bool ready(std::size_t b);
  void choose_order();
  Span piece(std::size_t b, Index rank) const;

  Ranks& ranks_;
  const Index shards_;
  const std::vector<Tensor> blocks_;
  const std::vector<Span> buckets_;
  const bool fast_;
  std::optional<ShardTree> tree_;
  Index tree_used_ = -1;
  std::vector<Bucket> states_;      // of buckets_
  std::vector<std::size_t> order_;  // in which they are exchanged
  bool ordered_ = false;            // whether that is the order of completion
  Seconds seconds_;

  std::mutex mutex_;                    // of all below, and of Bucket::missing
  std::vector<std::size_t> completed_;  // buckets of this step, in the order of their last shards
  std::condition_variable changed_;
  bool running_ = false, ended_ = false;
  std::exception_ptr error_;
  std::thread thread_;
};

}  // namespace gradus::train
