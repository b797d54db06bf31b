#include <gradus/train/internal/gradient_exchange.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>

#include <gradus/autograd/foundation/internal/stopwatch.h>

namespace gradus::train {
namespace {

// The elements, without a count of the write: shards may write to other buckets of the block at the same time.
template <class T>
T* elements_of(const Tensor& block) {
  return const_cast<T*>(block.data<T>());
}

}  // namespace

GradientExchange::GradientExchange(Ranks& ranks, Index shards, std::vector<Tensor> blocks, std::vector<Span> buckets,
                                   bool fast)
    : ranks_(ranks),
      shards_(shards),
      blocks_(std::move(blocks)),
      buckets_(std::move(buckets)),
      fast_(fast),
      states_(buckets_.size()),
      order_(buckets_.size()) {
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  thread_ = std::thread([this] { run(); });
}

GradientExchange::~GradientExchange() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void GradientExchange::begin(Index used) {
  if (used != tree_used_) tree_.emplace(shards_, used, ranks_.size());
  tree_used_ = used;
  const Span own = shards_of(ranks_.rank());
  {
    const std::lock_guard lock(mutex_);
    for (Bucket& bucket : states_) bucket.missing = own.end - own.begin;
    completed_.clear();
    running_ = true;
  }
  changed_.notify_all();
}

void GradientExchange::complete(std::size_t bucket) {
  const std::lock_guard lock(mutex_);
  if (--states_[bucket].missing > 0) return;
  completed_.push_back(bucket);
  changed_.notify_all();
}

void GradientExchange::complete_rest() {
  {
    const std::lock_guard lock(mutex_);
    for (Bucket& bucket : states_) bucket.missing = 0;
  }
  changed_.notify_all();
}

void GradientExchange::finish() {
  const Stopwatch exposed;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !running_; });
  seconds_.exposed += exposed.seconds();
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  lock.unlock();
  if (!std::exchange(ordered_, true) && buckets_.size() > 1) choose_order();
}

// The order in which rank 0 completed the buckets. Those that it did not announce come last.
void GradientExchange::choose_order() {
  std::vector<double> order(completed_.begin(), completed_.end());
  for (std::size_t b = 0; b < buckets_.size(); ++b)
    if (std::find(completed_.begin(), completed_.end(), b) == completed_.end()) order.push_back(static_cast<double>(b));
  order = ranks_.gather(order).front();
  std::transform(order.begin(), order.end(), order_.begin(), [](double b) { return static_cast<std::size_t>(b); });
}

bool GradientExchange::ready(std::size_t b) {
  const std::lock_guard lock(mutex_);
  return states_[b].missing == 0;
}

// The thread of the exchange.
void GradientExchange::run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return running_ || ended_; });
      if (ended_) return;
    }
    try {
      exchange_all();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      error_ = std::current_exception();
    }
    {
      const std::lock_guard lock(mutex_);
      running_ = false;
    }
    changed_.notify_all();
  }
}

// Buckets are started in order, and their pieces are spread in order, since all ranks must call in the same order.
void GradientExchange::exchange_all() {
  std::size_t started = 0, spread = 0, done = 0;
  const auto pending = [&](std::size_t i) -> Ranks::Pending& { return *states_[order_[i]].pending; };
  const auto wait_for_shards = [&] {
    std::unique_lock lock(mutex_);
    const auto is_ready = [&] { return states_[order_[started]].missing == 0; };
    if (started == done)
      changed_.wait(lock, is_ready);
    else
      changed_.wait_for(lock, std::chrono::microseconds(50), is_ready);
  };
  const Stopwatch clock;
  bool busy = false;  // whether buckets are added or under way
  double since = 0;
  while (done < states_.size()) {
    bool moved = false;
    if (started < states_.size() && ready(order_[started])) {
      if (!std::exchange(busy, true)) since = clock.seconds();
      start(order_[started++]);
      moved = true;
    }
    if (spread < started && pending(spread).done()) {
      add_received(order_[spread++]);
      moved = true;
    }
    if (done < spread && pending(done).done()) {
      ++done;
      moved = true;
    }
    if (busy && done == started) {
      seconds_.all += clock.seconds() - since;
      busy = false;
    }
    if (moved || done == states_.size()) continue;
    if (started < states_.size())
      wait_for_shards();
    else
      ranks_.wait(pending(spread < started ? spread : done));
  }
}

Span GradientExchange::piece(std::size_t b, Index rank) const {
  const Span bucket = buckets_[b];
  const Index size = bucket.end - bucket.begin, n = ranks_.size();
  return {bucket.begin + size * rank / n, bucket.begin + size * (rank + 1) / n};
}

// Adds the shards of this rank and sends what is left.
void GradientExchange::start(std::size_t b) {
  Bucket& bucket = states_[b];
  const Span own = tree_->shards_of(ranks_.rank());
  const std::vector<Index>& left = tree_->left(ranks_.rank());
  dispatch_floating(blocks_[0].dtype(), [&](auto zero) {
    using T = decltype(zero);
    constexpr auto bytes = static_cast<Index>(sizeof(T));
    std::vector<T*> at(static_cast<std::size_t>(own.end));
    for (Index k = own.begin; k < own.end; ++k)
      at[static_cast<std::size_t>(k)] = elements_of<T>(blocks_[static_cast<std::size_t>(k - own.begin)]);
    add_in_parallel(at, tree_->inside(ranks_.rank()), buckets_[b]);
    if (fast_) {
      std::vector<Addition> rest;
      for (std::size_t i = 1; i < left.size(); ++i) rest.push_back({left[0], left[i], left[i] + 1});
      add_in_parallel(at, rest, buckets_[b]);
      T* sum = elements_of<T>(blocks_[0]);
      if (left.empty()) std::fill(sum + buckets_[b].begin, sum + buckets_[b].end, zero);
      bucket.pending = ranks_.start_sum(blocks_[0], buckets_[b].begin, buckets_[b].end);
      return;
    }
    Parts send{nullptr, {0}}, receive{nullptr, {0}};
    const Span mine = piece(b, ranks_.rank());
    for (Index r = 0; r < ranks_.size(); ++r) {
      const Span theirs = piece(b, r);
      send.at.push_back(send.at.back() + std::ssize(left) * (theirs.end - theirs.begin) * bytes);
      receive.at.push_back(receive.at.back() + std::ssize(tree_->left(r)) * (mine.end - mine.begin) * bytes);
    }
    bucket.sent.resize(static_cast<std::size_t>(send.at.back()));
    bucket.received.resize(static_cast<std::size_t>(receive.at.back()));
    send.data = bucket.sent.data();
    receive.data = bucket.received.data();
    T* to = reinterpret_cast<T*>(send.data);
    for (Index r = 0; r < ranks_.size(); ++r) {
      const Span theirs = piece(b, r);
      for (const Index k : left)
        to =
            std::copy(at[static_cast<std::size_t>(k)] + theirs.begin, at[static_cast<std::size_t>(k)] + theirs.end, to);
    }
    bucket.pending = ranks_.start_exchange(send, receive);
  });
}

// Adds the sums of all ranks in this rank's piece, and spreads it.
void GradientExchange::add_received(std::size_t b) {
  if (fast_) return;
  Bucket& bucket = states_[b];
  dispatch_floating(blocks_[0].dtype(), [&](auto zero) {
    using T = decltype(zero);
    const Span mine = piece(b, ranks_.rank());
    const Index count = mine.end - mine.begin;
    std::vector<T*> at(static_cast<std::size_t>(shards_));
    T* next = reinterpret_cast<T*>(bucket.received.data());
    for (Index r = 0; r < ranks_.size(); ++r)
      for (const Index k : tree_->left(r)) at[static_cast<std::size_t>(k)] = std::exchange(next, next + count);
    add_in_parallel(at, tree_->across(), {0, count});
    T* values = elements_of<T>(blocks_[0]);
    std::copy_n(at[0], count, values + mine.begin);
    Parts all{reinterpret_cast<std::byte*>(values + buckets_[b].begin), {0}};
    for (Index r = 0; r < ranks_.size(); ++r)
      all.at.push_back((piece(b, r).end - buckets_[b].begin) * static_cast<Index>(sizeof(T)));
    bucket.pending = ranks_.start_spread(all);
  });
}

}  // namespace gradus::train
