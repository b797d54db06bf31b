#include <gradus/autograd/ops/dropout.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops/arithmetic.h>

namespace gradus {

namespace {

// `Known` is n when n is a constant, else 0.
template <Index Known, class T>
void thin_out_row(Index n, const std::uint32_t* __restrict words, std::uint32_t threshold, T scale,
                  const T* __restrict from, T* __restrict to) {
  for (Index j = 0; j < (Known ? Known : n); ++j) to[j] = words[j] >= threshold ? from[j] * scale : T(0);
}

// An element is kept if its random word is at least p * 2^32. Linear in x, so the gradient is the same function.
Tensor thin_out(const OpName& op, const Tensor& x, double p, const Philox& random) {
  Tensor y = Tensor::empty(op, x.shape(), x.dtype());
  const auto threshold = static_cast<std::uint32_t>(std::lround(p * 0x1p32 < 0x1p32 - 1 ? p * 0x1p32 : 0x1p32 - 1));
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    const T scale = static_cast<T>(1 / (1 - p));
    parallel_for(x.numel(), Index{1} << 14, [&](Index begin, Index end) {
      alignas(64) std::array<std::uint32_t, Philox::group> words;
      constexpr Index group = Philox::group;
      for (Index i = begin; i < end; i += group) {
        random.fill(static_cast<std::uint64_t>(i / 4), words);
        if (i + group <= end)
          thin_out_row<group>(group, words.data(), threshold, scale, from + i, to + i);
        else
          thin_out_row<0>(end - i, words.data(), threshold, scale, from + i, to + i);
      }
    });
  });
  return record(op, y, {unread(x)}, [op, p, random](const Tensor& dy) { return Grads{thin_out(op, dy, p, random)}; });
}

}  // namespace

Tensor dropout(const Tensor& x, Scalar probability, Place place) {
  const double p = probability;
  const OpName op("dropout", place);
  check_floating(op, x);
  if (!(p >= 0 && p < 1)) throw Error(fmt::format("dropout: p is {}, expected a probability in [0, 1)", p), place);
  return p == 0 ? x : thin_out(op, x, p, RandomScope::next());
}

}  // namespace gradus
