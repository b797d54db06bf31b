#include <gradus/autograd/foundation/random.h>

#include <cmath>
#include <cstring>
#include <numbers>
#include <utility>

#include <gradus/autograd/foundation/thread_modes.h>

namespace gradus {

double Philox::normal_of(const std::uint32_t* words) {
  const double u = (words[0] + 0.5) * 0x1p-32, v = words[1] * 0x1p-32;
  return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
}

// The rounds of `block` on 16 counters at once, which compile to vector instructions.
void Philox::fill(std::uint64_t counter, std::array<std::uint32_t, group>& out) const {
  constexpr std::size_t n = group / 4;
  alignas(64) std::array<std::array<std::uint32_t, n>, 4> c;
  for (std::size_t i = 0; i < n; ++i) {
    c[0][i] = static_cast<std::uint32_t>(counter + i);
    c[1][i] = static_cast<std::uint32_t>((counter + i) >> 32);
    c[2][i] = static_cast<std::uint32_t>(stream_);
    c[3][i] = static_cast<std::uint32_t>(stream_ >> 32);
  }
  auto k0 = static_cast<std::uint32_t>(seed_), k1 = static_cast<std::uint32_t>(seed_ >> 32);
  for (int round = 0; round < 10; ++round) {
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint64_t p0 = std::uint64_t{0xD2511F53} * c[0][i], p1 = std::uint64_t{0xCD9E8D57} * c[2][i];
      const std::uint32_t c1 = c[1][i], c3 = c[3][i];
      c[0][i] = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ k0;
      c[1][i] = static_cast<std::uint32_t>(p1);
      c[2][i] = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ k1;
      c[3][i] = static_cast<std::uint32_t>(p0);
    }
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  std::memcpy(out.data(), c.data(), sizeof(c));
}

RandomScope::RandomScope(std::uint64_t seed, std::uint64_t stream) : RandomScope(State{seed, stream, 0}) {}
RandomScope::RandomScope(const State& s) : previous_(std::exchange(thread_modes.random, s)) {}
RandomScope::~RandomScope() { thread_modes.random = previous_; }

RandomScope::State RandomScope::current() { return thread_modes.random; }

Philox RandomScope::next() {
  State& state = thread_modes.random;
  return Philox(state.seed, (state.stream << 24) + state.calls++);
}

}  // namespace gradus
