#include <gradus/autograd/ops/sampling.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/foundation/random.h>

namespace gradus {

namespace {

// Between 0 and 1, both excluded, from 52 random bits.
double fraction(const Philox& random, Index index) {
  const auto words = random.block(static_cast<std::uint64_t>(index));
  const std::uint64_t bits = (std::uint64_t{words[0]} << 32 | words[1]) >> 12;
  return (static_cast<double>(bits) + 0.5) * 0x1p-52;
}

// A power of two that keeps the sums of weights finite and their quotients exact: 1 except for extreme weights.
template <class T>
double scale_of(const T* weights, Index classes) {
  const auto largest = static_cast<double>(*std::max_element(weights, weights + classes));
  return largest > 0x1p900 ? 0x1p-200 : largest < 0x1p-900 ? 0x1p200 : 1;
}

// Draw i is the index at which the running sum of the weights exceeds a uniform number. The largest number, 1 - 2^-53
// times a sum that is not denormal, is below the sum.
template <class T>
void draw_with_replacement(const T* weights, Index classes, const Philox& random, Index first, Index n, Index* out) {
  const double scale = scale_of(weights, classes);
  std::vector<double> sums;
  double total = 0;
  for (Index c = 0; c < classes; ++c) sums.push_back(total += static_cast<double>(weights[c]) * scale);
  for (Index i = 0; i < n; ++i)
    out[i] = std::upper_bound(sums.begin(), sums.end(), fraction(random, first + i) * total) - sums.begin();
}

// The order of draws is that of exponential waiting times whose rates are the weights (Efraimidis and Spirakis 2006).
template <class T>
void draw_without_replacement(const T* weights, Index classes, const Philox& random, Index first, Index n, Index* out) {
  const double scale = scale_of(weights, classes);
  std::vector<std::pair<double, Index>> waits;
  for (Index c = 0; c < classes; ++c) {
    const double rate = static_cast<double>(weights[c]) * scale;
    if (weights[c] > 0) waits.emplace_back(-std::log(fraction(random, first + c)) / rate, c);
  }
  std::partial_sort(waits.begin(), waits.begin() + n, waits.end());
  for (Index i = 0; i < n; ++i) out[i] = waits[static_cast<std::size_t>(i)].second;
}

template <class T>
void check_weights(const OpName& op, const Tensor& weights, Index rows, Index classes, Index needed) {
  const T* w = weights.data<T>();
  for (Index r = 0; r < rows; ++r) {
    Index positive = 0;
    for (Index c = 0; c < classes; ++c) {
      const T v = w[r * classes + c];
      if (!(v >= 0 && std::isfinite(v))) {
        throw Error(
            fmt::format("multinomial: weight {} at position {} of row {} of {} is not a finite number from 0 on", v, c,
                        r, describe(weights)),
            op.place);
      }
      positive += v > 0;
    }
    if (positive < needed) {
      throw Error(
          fmt::format("multinomial: row {} of {} has {} positive weights, expected at least {}{}", r, describe(weights),
                      positive, needed, needed > 1 ? " for as many draws without replacement" : ""),
          op.place);
    }
  }
}

}  // namespace

Tensor multinomial(const Tensor& weights, Integer num_samples, Flag replacement, Place place) {
  const OpName op("multinomial", place);
  check_floating(op, weights);
  if (weights.rank() != 1 && weights.rank() != 2) {
    throw Error(fmt::format("multinomial: weights {}, expected [classes] or [rows, classes]", describe(weights)),
                place);
  }
  const Index n = num_samples, classes = weights.shape().back(), rows = rows_of(weights.shape());
  if (n < 1) throw Error(fmt::format("multinomial: num_samples is {}, expected at least 1", n), place);
  dispatch_floating(weights.dtype(),
                    [&](auto zero) { check_weights<decltype(zero)>(op, weights, rows, classes, replacement ? 1 : n); });
  const Philox random = RandomScope::next();
  Shape shape = weights.shape();
  shape[-1] = n;
  Tensor drawn = Tensor::empty(op, shape, DType::i64);
  dispatch_floating(weights.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* w = weights.data<T>();
    Index* out = drawn.mutable_data<Index>();
    parallel_each(rows, grain_of(Index{1} << 12, classes + n), [&](Index r) {
      if (replacement)
        draw_with_replacement(w + r * classes, classes, random, r * n, n, out + r * n);
      else
        draw_without_replacement(w + r * classes, classes, random, r * classes, n, out + r * n);
    });
  });
  return without_gradient(op, drawn, {weights});
}

Tensor bernoulli(const Argument& p) {
  const Tensor& x = p.tensor();
  const OpName op("bernoulli", p.place());
  check_floating(op, x);
  const Philox random = RandomScope::next();
  Tensor y = Tensor::empty(op, x.shape(), x.dtype());
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    parallel_for(x.numel(), Index{1} << 14, [&](Index begin, Index end) {
      constexpr Index group = Philox::group;
      alignas(64) std::array<double, Philox::group> numbers;
      for (Index first = begin; first < end; first += group) {
        random.fill_uniform(static_cast<std::uint64_t>(first / 4), numbers);
        const Index count = std::min(group, end - first);
        for (Index i = first; i < first + count; ++i) {
          if (from[i] >= 0 && from[i] <= 1) continue;
          throw Error(fmt::format("bernoulli: {} at position {} of {} is not a probability", from[i], i, describe(x)),
                      p.place());
        }
        for (Index i = 0; i < count; ++i)
          to[first + i] = numbers[static_cast<std::size_t>(i)] < static_cast<double>(from[first + i]) ? T(1) : T(0);
      }
    });
  });
  return without_gradient(op, y, {x});
}

}  // namespace gradus
