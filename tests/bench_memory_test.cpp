#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/foundation/memory.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>

#include "catch.h"
#include "one_thread.h"

// The growth of memory of a forward and backward pass.
namespace gradus::bench_memory_test {
namespace {

// The peak of bytes in use, less those in use before.
template <class F>
double peak_of(F&& f) {
  const std::size_t before = memory::in_use();
  memory::reset_peak();
  f();
  return static_cast<double>(memory::peak() - before);
}

// One thread, because each head in progress uses memory, and their number varies with several threads.
double attention_peak(Index length, bool causal) {
  const OneThread one;
  constexpr Index heads = 2, dim = 128;
  std::vector<Tensor> leaves;
  for (std::uint64_t i = 0; i < 3; ++i)
    leaves.push_back(Tensor::normal({1, length, dim}, 0, 1, Philox(1, i)).set_requires_grad());
  return peak_of([&] { sum(attention(leaves[0], leaves[1], leaves[2], heads, {.causal = causal})).backward(); });
}

}  // namespace

TEST_CASE("attention over 2048 positions keeps no matrix of weights for the backward pass") {
  constexpr Index length = 2048;
  constexpr double matrix = 4.0 * length * length;  // of one head
  for (const bool causal : {false, true}) {
    CAPTURE(causal);
    const double peak = attention_peak(length, causal);
    CHECK(peak < matrix);
    CHECK(peak < 2.5 * attention_peak(length / 2, causal));
  }
}

}  // namespace gradus::bench_memory_test
