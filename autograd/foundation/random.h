#pragma once

#include <array>
#include <cstdint>

namespace gradus {

/// Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
/// A number is a function of seed, stream and index; it does not depend on threads or on order.
class Philox {
 public:
  /// Streams of one seed are independent of each other.
  Philox(std::uint64_t seed, std::uint64_t stream) : seed_(seed), stream_(stream) {}

  /// The four words of a counter value.
  std::array<std::uint32_t, 4> block(std::uint64_t counter) const {
    std::array<std::uint32_t, 4> c{static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32),
                                   static_cast<std::uint32_t>(stream_), static_cast<std::uint32_t>(stream_ >> 32)};
    auto k0 = static_cast<std::uint32_t>(seed_), k1 = static_cast<std::uint32_t>(seed_ >> 32);
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t p0 = std::uint64_t{0xD2511F53} * c[0], p1 = std::uint64_t{0xCD9E8D57} * c[2];
      c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<std::uint32_t>(p1),
           static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k1, static_cast<std::uint32_t>(p0)};
      k0 += 0x9E3779B9;
      k1 += 0xBB67AE85;
    }
    return c;
  }

  static constexpr std::size_t group = 64;  // number of words of 16 counter values
  /// The words of 16 counter values from `counter` on: all first words, then all second ones, and so on.
  void fill(std::uint64_t counter, std::array<std::uint32_t, group>& out) const;
  /// The uniform and the normal numbers of 16 counter values from `counter` on, in the order of their indices.
  void fill_uniform(std::uint64_t counter, std::array<double, group>& out) const;
  void fill_normal(std::uint64_t counter, std::array<double, group / 2>& out) const;

  /// 32 random bits. The index counts words: four per counter value.
  std::uint32_t bits(std::uint64_t index) const { return block(index / 4)[index % 4]; }
  /// In [0, 1), a multiple of 2^-32.
  double uniform(std::uint64_t index) const { return bits(index) * 0x1p-32; }
  /// Standard normal (Box & Muller 1958); two per counter value.
  double normal(std::uint64_t index) const;
  /// In [0, n) for n <= 2^32; the bias of each result is at most 2^-32.
  std::uint64_t below(std::uint64_t index, std::uint64_t n) const { return (std::uint64_t{bits(index)} * n) >> 32; }

 private:
  std::uint64_t seed_, stream_;
};

/// The random numbers of ops such as dropout on this thread. A counter gives each call its own stream. Scopes nest. A
/// scope with an earlier state draws the same numbers again, to recompute a forward pass.
class RandomScope {
 public:
  /// The stream of the next call is a function of these numbers.
  struct State {
    std::uint64_t seed = 0,  ///< of all streams of the scope
        stream = 0,          ///< of the scope
        calls = 0;           ///< number of calls of next()
  };
  /// From the first call on, or as `state` was. The destructor restores the state from before.
  RandomScope(std::uint64_t seed, std::uint64_t stream);
  explicit RandomScope(const State& state);
  ~RandomScope();
  RandomScope(const RandomScope&) = delete;
  RandomScope& operator=(const RandomScope&) = delete;

  /// The state of this thread.
  static State current();
  /// The generator of the next call on this thread; outside any scope, seed 0 and stream 0.
  static Philox next();

 private:
  State previous_;
};

}  // namespace gradus
