#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <gradus/autograd/engine/tensor.h>
#include <gradus/autograd/foundation/error.h>

namespace gradus::train {

/// Ranks do not answer. The message names them.
class RankLost : public Error {
 public:
  /// Takes the message.
  using Error::Error;
};

/// A buffer in parts, one per rank: part i is the bytes [at[i], at[i + 1]).
struct Parts {
  std::byte* data = nullptr;  // the first byte
  std::vector<Index> at;      // size() + 1 positions
};

/// The processes that train one model together, as MPI names them: rank 0 to size() - 1.
///
/// - All ranks call the same functions in the same order, with parts of the sizes that the others expect.
/// - Functions that begin with `start` return at once; the buffers belong to the operation until it is done.
/// - No two threads call a rank at the same time.
class Ranks {
 public:
  /// An operation that was started. It must be done before it is destroyed.
  class Pending {
   public:
    virtual ~Pending() = default;
    /// Continues the operation; true once it is done.
    virtual bool done() = 0;
  };

  virtual ~Ranks() = default;
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  Index rank() const { return rank_; }  // of this process
  Index size() const { return size_; }  // the number of processes
  /// "rank 2 of 8", with what else identifies the process.
  virtual std::string name(Index rank) const;

  /// Sends part i of `send` to rank i. Part i of `receive` comes from rank i.
  virtual std::unique_ptr<Pending> start_exchange(const Parts& send, const Parts& receive) = 0;
  /// Copies part i of the buffer from rank i to all others.
  virtual std::unique_ptr<Pending> start_spread(const Parts& buffer) = 0;
  /// Replaces [begin, end) of the tensor, of f32 or f64 in one dimension, by the sum over all ranks. The order of the
  /// additions is not defined.
  virtual std::unique_ptr<Pending> start_sum(Tensor values, Index begin, Index end) = 0;

  /// Returns when the operation is done. Throws RankLost when that takes more than `timeout` seconds.
  void wait(Pending& pending);
  /// Seconds that `wait` waits; 600 at first.
  double timeout = 600;
  /// Whether gradients are added by `start_sum`: faster in large networks, but the bits depend on the number of ranks.
  bool fast_reduce = false;
  /// Whether a rank keeps and updates the optimiser's state of its share of the parameters only, and then gets the
  /// other parameters from the other ranks (ZeRO stage 1, Rajbhandari et al. 2020). Results have the same bits.
  bool shard_optimizer = false;

  /// The text of each rank, on all of them.
  std::vector<std::string> gather(const std::string& text);
  /// The numbers of each rank, on all of them. Each rank has the same count.
  std::vector<std::vector<double>> gather(const std::vector<double>& numbers);
  /// Whether it is true on any rank.
  bool any(bool here);

 protected:
  /// Rank `rank` of `size`.
  Ranks(Index rank, Index size) : rank_(rank), size_(size) {}

  /// The ranks that do not answer. Called on each rank that waits in vain.
  virtual std::vector<Index> absent() = 0;

 private:
  Index rank_, size_;
};

/// Adds the gradients of the parameters over all ranks, in one tree in rank order, into `grad()` on each rank. The
/// bits depend on the number of ranks only. A parameter without a gradient counts as zeros. With the same parameters on
/// all ranks, a loss that is a sum over examples, and a share of the examples per rank, all ranks then make the same
/// step.
void sum_gradients(Ranks& ranks, const std::vector<Tensor>& parameters);

}  // namespace gradus::train
