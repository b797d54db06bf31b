#include <gradus/data/bootstrap.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <gradus/autograd/foundation/error.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/foundation/random.h>

namespace gradus::data {
namespace {

// The counts of several measures of the same outputs, side by side: [outputs, columns].
class Counts {
 public:
  explicit Counts(const std::vector<Measure>& measures) : measures_(measures), outputs_(measures.front().outputs()) {
    for (const Measure& m : measures) {
      if (m.outputs() != outputs_)
        throw Error(fmt::format("{} has {} outputs, {} has {}; expected measures of the same outputs", m.name,
                                m.outputs(), measures.front().name, outputs_));
      columns_ += static_cast<std::size_t>(m.columns);
    }
    counts_.resize(static_cast<std::size_t>(outputs_) * columns_);
    std::size_t begin = 0;
    for (const Measure& m : measures) {
      const auto width = static_cast<std::size_t>(m.columns);
      for (std::size_t at = 0; at < m.counts.size(); ++at)
        counts_[at / width * columns_ + begin + at % width] = m.counts[at];
      begin += width;
    }
  }

  Index outputs() const { return outputs_; }
  std::size_t columns() const { return columns_; }
  const Index* row(Index output) const { return counts_.data() + static_cast<std::size_t>(output) * columns_; }

  /// The value of each measure for the sums [columns].
  std::vector<double> values(const std::vector<Index>& sums) const {
    std::vector<double> found;
    auto at = sums.begin();
    for (const Measure& m : measures_) {
      found.push_back(m.value_of_sums({at, at + m.columns}));
      at += m.columns;
    }
    return found;
  }

 private:
  const std::vector<Measure>& measures_;
  Index outputs_;
  std::size_t columns_ = 0;
  std::vector<Index> counts_;
};

// The values of the measures in each bootstrap sample: [samples, measures].
std::vector<std::vector<double>> bootstrap(const Counts& counts, const Resampling& options) {
  std::vector<std::vector<double>> values(static_cast<std::size_t>(options.samples));
  parallel_each(options.samples, 1, [&](Index k) {
    const Philox random(options.seed, static_cast<std::uint64_t>(k));
    const auto n = static_cast<std::uint64_t>(counts.outputs());
    std::vector<Index> sums(counts.columns());
    for (std::uint64_t i = 0; i < n; ++i) {
      const Index* row = counts.row(static_cast<Index>(random.below(i, n)));
      for (std::size_t c = 0; c < sums.size(); ++c) sums[c] += row[c];
    }
    values[static_cast<std::size_t>(k)] = counts.values(sums);
  });
  return values;
}

// The values with each row's halves exchanged or not, at random: [samples, measures].
std::vector<std::vector<double>> exchanged(const Counts& counts, const Resampling& options) {
  std::vector<std::vector<double>> values(static_cast<std::size_t>(options.samples));
  parallel_each(options.samples, 1, [&](Index k) {
    const Philox random(options.seed, static_cast<std::uint64_t>(options.samples + k));
    const std::size_t half = counts.columns() / 2;
    std::vector<Index> sums(counts.columns());
    for (Index i = 0; i < counts.outputs(); ++i) {
      const Index* row = counts.row(i);
      const std::size_t first = random.below(static_cast<std::uint64_t>(i), 2) == 0 ? 0 : half;
      for (std::size_t c = 0; c < half; ++c) {
        sums[c] += row[first + c];
        sums[half + c] += row[half - first + c];
      }
    }
    values[static_cast<std::size_t>(k)] = counts.values(sums);
  });
  return values;
}

Interval interval_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t outside = values.size() / 40;
  return {values[outside], values[values.size() - 1 - outside]};
}

void check(const Resampling& options) {
  constexpr Index most = 1'000'000;
  if (options.samples < 1) throw Error(fmt::format("{} bootstrap samples; expected at least 1", options.samples));
  if (options.samples > most)
    throw Error(fmt::format("{} bootstrap samples; expected at most {}", options.samples, most));
}

}  // namespace

std::vector<Interval> intervals(const std::vector<Measure>& measures, const Resampling& options) {
  check(options);
  std::vector<Interval> found;
  if (measures.empty()) return found;
  const auto samples = bootstrap(Counts(measures), options);
  for (std::size_t m = 0; m < measures.size(); ++m) {
    std::vector<double> values;
    for (const auto& sample : samples) values.push_back(sample[m]);
    found.push_back(interval_of(std::move(values)));
  }
  return found;
}

std::vector<Difference> differences(const std::vector<Measure>& a, const std::vector<Measure>& b,
                                    const Resampling& options) {
  check(options);
  const bool same = std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Measure& x, const Measure& y) {
    return x.name == y.name && x.signature == y.signature && x.columns == y.columns;
  });
  if (!same) throw Error("the two systems were not measured in the same way; expected the same measures of both");
  std::vector<Difference> found;
  if (a.empty()) return found;
  std::vector<Measure> both = a;
  both.insert(both.end(), b.begin(), b.end());
  const Counts counts(both);
  const auto drawn = bootstrap(counts, options), swapped = exchanged(counts, options);
  for (std::size_t m = 0; m < a.size(); ++m) {
    const auto difference = [&](const std::vector<double>& values) { return values[a.size() + m] - values[m]; };
    std::vector<double> of_samples;
    for (const auto& values : drawn) of_samples.push_back(difference(values));
    const double real = value(b[m]) - value(a[m]);
    const auto as_large = std::count_if(swapped.begin(), swapped.end(), [&](const std::vector<double>& values) {
      return std::abs(difference(values)) >= std::abs(real);
    });
    found.push_back({.value = real,
                     .interval = interval_of(std::move(of_samples)),
                     .p = static_cast<double>(as_large + 1) / static_cast<double>(options.samples + 1)});
  }
  return found;
}

}  // namespace gradus::data
