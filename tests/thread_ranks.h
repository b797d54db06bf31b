#pragma once

#include <algorithm>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <gradus/train/ranks.h>

namespace gradus::train {

/// What the ranks of one process share. A rank is a thread; it copies its parts when all ranks have called.
class ThreadRanks {
 public:
  /// Runs `work` on each of `size` ranks, and rethrows the exception of the first rank that has one.
  static void run(Index size, const std::function<void(Ranks&)>& work) {
    ThreadRanks all(size);
    std::vector<std::exception_ptr> problems(static_cast<std::size_t>(size));
    std::vector<std::thread> threads;
    for (Index r = 0; r < size; ++r) {
      threads.emplace_back([&, r] {
        Rank own(all, r);
        try {
          work(own);
        } catch (...) {
          problems[static_cast<std::size_t>(r)] = std::current_exception();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::exception_ptr& problem : problems)
      if (problem) std::rethrow_exception(problem);
  }

 private:
  struct Call {
    std::vector<std::pair<Parts, Parts>> parts;  // sent and received, by rank
    std::vector<bool> here, taken;
  };
  enum class Kind { exchange, spread, sum };

  explicit ThreadRanks(Index size) : size_(size) {}

  class Rank final : public Ranks {
   public:
    Rank(ThreadRanks& all, Index rank) : Ranks(rank, all.size_), all_(all) {}
    std::unique_ptr<Pending> start_exchange(const Parts& send, const Parts& receive) override {
      return start(Kind::exchange, send, receive);
    }
    std::unique_ptr<Pending> start_spread(const Parts& buffer) override { return start(Kind::spread, buffer, buffer); }
    std::unique_ptr<Pending> start_sum(Tensor values, Index begin, Index end) override {
      const Parts whole{reinterpret_cast<std::byte*>(const_cast<float*>(values.data<float>()) + begin),
                        {0, (end - begin) * static_cast<Index>(sizeof(float))}};
      return start(Kind::sum, whole, whole);
    }

   private:
    using Key = std::pair<Kind, Index>;

    class Started final : public Pending {
     public:
      Started(Rank& rank, Key key) : rank_(rank), key_(key) {}
      bool done() override {
        if (!done_) done_ = rank_.all_.advance(key_, rank_.rank(), sum_);
        return done_;
      }

     private:
      Rank& rank_;
      Key key_;
      std::vector<float> sum_;
      bool done_ = false;
    };

    std::unique_ptr<Pending> start(Kind kind, const Parts& send, const Parts& receive) {
      const Key key{kind, calls_[kind]++};
      all_.arrive(key, rank(), send, receive);
      return std::make_unique<Started>(*this, key);
    }
    std::vector<Index> absent() override { return all_.absent(); }

    ThreadRanks& all_;
    std::map<Kind, Index> calls_;
  };

  void arrive(std::pair<Kind, Index> key, Index rank, const Parts& send, const Parts& receive) {
    const std::lock_guard lock(mutex_);
    Call& call = calls_[key];
    const auto n = static_cast<std::size_t>(size_), r = static_cast<std::size_t>(rank);
    call.parts.resize(n);
    call.here.resize(n);
    call.taken.resize(n);
    call.parts[r] = {send, receive};
    call.here[r] = true;
  }

  // Copies the parts of the rank when all ranks have called. True when all ranks have copied theirs.
  bool advance(std::pair<Kind, Index> key, Index rank, std::vector<float>& sum) {
    const std::lock_guard lock(mutex_);
    Call& call = calls_[key];
    const auto all_of = [](const std::vector<bool>& flags) {
      return std::find(flags.begin(), flags.end(), false) == flags.end();
    };
    if (!all_of(call.here)) return false;
    const auto own = static_cast<std::size_t>(rank);
    if (!call.taken[own]) {
      for (std::size_t r = 0; r < call.parts.size(); ++r)
        take(key.first, call.parts[r].first, call.parts[own].second, r, own, sum);
      call.taken[own] = true;
    }
    if (!all_of(call.taken)) return false;
    if (key.first == Kind::sum) {
      const Parts& into = call.parts[own].second;
      std::copy(sum.begin(), sum.end(), reinterpret_cast<float*>(into.data));
    }
    return true;
  }

  static void take(Kind kind, const Parts& from, const Parts& into, std::size_t r, std::size_t own,
                   std::vector<float>& sum) {
    const std::size_t sent = kind == Kind::exchange ? own : kind == Kind::spread ? r : 0;
    const Index begin = from.at[sent], end = from.at[sent + 1];
    if (kind == Kind::sum) {
      sum.resize(static_cast<std::size_t>(end) / sizeof(float));
      const float* values = reinterpret_cast<const float*>(from.data);
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += values[i];
    } else if (kind == Kind::exchange || r != own) {
      std::copy(from.data + begin, from.data + end, into.data + into.at[r]);
    }
  }

  std::vector<Index> absent() {
    const std::lock_guard lock(mutex_);
    std::vector<Index> ranks;
    for (const auto& [key, call] : calls_)
      for (std::size_t r = 0; r < call.here.size(); ++r)
        if (!call.here[r] && std::find(ranks.begin(), ranks.end(), static_cast<Index>(r)) == ranks.end())
          ranks.push_back(static_cast<Index>(r));
    return ranks;
  }

  const Index size_;
  std::mutex mutex_;
  std::map<std::pair<Kind, Index>, Call> calls_;
};

}  // namespace gradus::train
