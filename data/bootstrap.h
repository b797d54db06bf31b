#pragma once

#include <cstdint>
#include <vector>

#include <gradus/data/measure.h>

namespace gradus::data {

/// The random samples of `intervals` and `differences`.
struct Resampling {
  Index samples = 1000;    // 1 to 1,000,000; more give a steadier result and take longer
  std::uint64_t seed = 1;  // of the draws
};

/// A 95 % confidence interval.
struct Interval {
  double low = 0,  ///< lower end, in the unit of the measure
      high = 0;    ///< upper end
};

/// The interval of each measure by the percentile bootstrap (Efron 1979; Koehn 2004): each sample has as many outputs
/// as there are, drawn with replacement, and 2.5 % of the samples are below the interval, 2.5 % above. All measures are
/// of the same outputs, and are sampled together. The result depends on the seed and not on the number of threads.
/// Throws Error as check(Measure) does, and when the measures are of different numbers of outputs, or the number
/// of samples is out of range.
std::vector<Interval> intervals(const std::vector<Measure>& measures, const Resampling& options);

/// How much a measure of one system is above that of another on the same sources.
struct Difference {
  double value = 0;   // b[k] - a[k], in the unit of the measure
  Interval interval;  // by the paired bootstrap
  double p = 1;       // of a difference at least so large, in either direction, between systems that are alike
};

/// b[k] - a[k] for each k. p comes from approximate randomisation (Riezler and Maxwell 2005): in each sample each pair
/// of outputs is exchanged with probability 1/2, and p is the share of the samples with a difference at least as large,
/// (count + 1) / (samples + 1). Throws Error as `intervals` does, and when the measures of both are not the
/// same.
std::vector<Difference> differences(const std::vector<Measure>& a, const std::vector<Measure>& b,
                                    const Resampling& options);

}  // namespace gradus::data
