#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include "train/stopwatch.h"

namespace gradus::bench {

/// Times in seconds.
class Samples {
 public:
  void add(double seconds) { values_.push_back(seconds); }
  std::size_t size() const { return values_.size(); }
  double median() const { return quantile(0.5); }
  /// q in [0, 1]; 0 is the shortest.
  double quantile(double q) const {
    std::vector<double> v = values_;
    std::sort(v.begin(), v.end());
    return v[std::min(v.size() - 1, static_cast<std::size_t>(q * static_cast<double>(v.size())))];
  }

 private:
  std::vector<double> values_;
};

/// How long f takes, in samples of 0.2 ms or more, for `budget` seconds and at least 7 samples.
template <class F>
Samples time(F&& f, double budget) {
  for (int i = 0; i < 3; ++i) f();
  const train::Stopwatch once;
  f();
  const int inner = std::max(1, static_cast<int>(2e-4 / std::max(1e-8, once.seconds())));
  Samples samples;
  const train::Stopwatch all;
  while (samples.size() < 7 || (all.seconds() < budget && samples.size() < 2000)) {
    const train::Stopwatch one;
    for (int i = 0; i < inner; ++i) f();
    samples.add(one.seconds() / inner);
  }
  return samples;
}

}  // namespace gradus::bench
