#include <gradus/autograd/foundation/random.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <numbers>
#include <utility>

#include <gradus/autograd/foundation/math.h>
#include <gradus/autograd/foundation/thread_modes.h>

namespace gradus {

namespace {

// A whole number below 2^32. GCC 12 vectorises this, and no conversion of integers of another size.
[[gnu::always_inline]] inline double to_double(std::uint64_t word) {
  return std::bit_cast<double>(word | 0x4330000000000000u) - 0x1p52;
}

// cos(2 pi word / 2^32) by Taylor's series, to 53 bits.
[[gnu::always_inline]] inline double cosine_of_turn(std::uint64_t word) {
  const std::uint64_t shifted = word + (1u << 29), quarter = shifted >> 30;  // the nearest quarter of a turn
  const double a = (to_double(shifted - (quarter << 30)) - 0x1p29) * (std::numbers::pi * 0x1p-31), z = a * a;
  const double cosine = math::detail::polynomial(z, 1.0, -1.0 / 2, 1.0 / 24, -1.0 / 720, 1.0 / 40320, -1.0 / 3628800,
                                                 1.0 / 479001600, -1.0 / 87178291200, 1.0 / 20922789888000);
  const double sine = a * math::detail::polynomial(z, 1.0, -1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880,
                                                   -1.0 / 39916800, 1.0 / 6227020800, -1.0 / 1307674368000);
  const double magnitude = math::detail::select((quarter & 1u) != 0, sine, cosine);
  return math::detail::select(((quarter + 1) & 2u) != 0, -magnitude, magnitude);
}

[[gnu::always_inline]] inline double normal_of(std::uint64_t first, std::uint64_t second) {
  const double logarithm = math::detail::log2_double((to_double(first) + 0.5) * 0x1p-32) * std::numbers::ln2;
  return std::sqrt(-2 * logarithm) * cosine_of_turn(second);
}

}  // namespace

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

void Philox::fill_uniform(std::uint64_t counter, std::array<double, group>& out) const {
  alignas(64) std::array<std::uint32_t, group> words;
  fill(counter, words);
  for (std::size_t c = 0; c < group / 4; ++c)
    for (std::size_t w = 0; w < 4; ++w) out[c * 4 + w] = words[w * (group / 4) + c] * 0x1p-32;
}

void Philox::fill_normal(std::uint64_t counter, std::array<double, group / 2>& out) const {
  constexpr std::size_t n = group / 4;
  alignas(64) std::array<std::uint32_t, group> words;
  fill(counter, words);
  alignas(64) std::array<double, group / 2> numbers;  // all first ones, then all second ones
  for (std::size_t i = 0; i < n; ++i) numbers[i] = normal_of(words[i], words[n + i]);
  for (std::size_t i = 0; i < n; ++i) numbers[n + i] = normal_of(words[2 * n + i], words[3 * n + i]);
  for (std::size_t i = 0; i < n; ++i) {
    out[2 * i] = numbers[i];
    out[2 * i + 1] = numbers[n + i];
  }
}

double Philox::normal(std::uint64_t index) const {
  const auto words = block(index / 2);
  return normal_of(words[index % 2 * 2], words[index % 2 * 2 + 1]);
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
