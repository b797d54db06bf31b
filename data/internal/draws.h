#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/foundation/types.h>

namespace gradus::data {

/// The purpose of random numbers. Each has its own streams for a seed.
enum class Purpose : std::uint64_t { batch_order = 0xDA7A0001, toy_task = 0xDA7A0002, image_changes = 0xDA7A0003 };

/// The random numbers of a purpose in one `part`: an epoch, a split, a step.
inline Philox stream_of(std::uint64_t seed, Purpose purpose, std::uint64_t part) {
  return {seed, (static_cast<std::uint64_t>(purpose) << 32) + part};
}

/// A sequence of random integers. It depends only on seed, purpose and `part` (an epoch, a split).
class Draws {
 public:
  Draws(std::uint64_t seed, Purpose purpose, std::uint64_t part) : philox_(stream_of(seed, purpose, part)) {}

  /// The next number in 0 .. count-1; count is 1 to 2^32.
  Index below(Index count) { return static_cast<Index>(philox_.below(next_++, static_cast<std::uint64_t>(count))); }

  /// Shuffles the items; every order is equally likely.
  template <typename T>
  void shuffle(std::vector<T>& items) {
    for (Index i = std::ssize(items) - 1; i > 0; --i)
      std::swap(items[static_cast<std::size_t>(i)], items[static_cast<std::size_t>(below(i + 1))]);
  }

 private:
  Philox philox_;
  std::uint64_t next_ = 0;
};

}  // namespace gradus::data
