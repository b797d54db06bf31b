#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <vector>

#include <gradus/autograd/foundation/internal/stopwatch.h>

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

/// A function to time, with functions to call before and after each series.
struct Timed {
  std::function<void()> run;
  std::function<void()> before = [] {}, after = [] {};
};

/// Times each of `all` for about `budget` seconds, in at least 8 samples of 0.2 ms or more. The functions alternate
/// in series of calls, so other load on the machine affects all of them equally. The first calls of a series do not
/// count, because the caches hold the data of another function.
inline std::vector<Samples> time_in_turn(const std::vector<Timed>& all, double budget) {
  constexpr int turns = 4, least = 2, most = 500;
  std::vector<Samples> times(all.size());
  for (int turn = 0; turn < turns; ++turn) {
    for (std::size_t k = 0; k < all.size(); ++k) {
      const auto& run = all[k].run;
      all[k].before();
      run();
      const Stopwatch once;
      run();
      const int inner = std::max(1, static_cast<int>(2e-4 / std::max(1e-8, once.seconds())));
      const Stopwatch series;
      for (int n = 0; n < least || (series.seconds() < budget / turns && n < most); ++n) {
        const Stopwatch one;
        for (int i = 0; i < inner; ++i) run();
        times[k].add(one.seconds() / inner);
      }
      all[k].after();
    }
  }
  return times;
}

}  // namespace gradus::bench
