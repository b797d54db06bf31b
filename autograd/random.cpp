#include "autograd/random.h"

#include <cmath>
#include <numbers>

namespace gradus {

namespace {
thread_local RandomScope::State state;
}

double Philox::normal(std::uint64_t index) const {
  const auto words = block(index / 2);
  const double u = (words[(index % 2) * 2] + 0.5) * 0x1p-32, v = words[(index % 2) * 2 + 1] * 0x1p-32;
  return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
}

RandomScope::RandomScope(std::uint64_t seed, std::uint64_t stream) : RandomScope(State{seed, stream, 0}) {}
RandomScope::RandomScope(const State& s) : previous_(state) { state = s; }
RandomScope::~RandomScope() { state = previous_; }

RandomScope::State RandomScope::current() { return state; }

Philox RandomScope::next() { return Philox(state.seed, (state.stream << 24) + state.calls++); }

}  // namespace gradus
