#pragma once

#include <vector>

#include <gradus/autograd/foundation/types.h>

// The current speed of the machine, as a reference for results.
namespace gradus::bench {

/// A product of two square f32 matrices; a large size almost reaches the peak of the machine.
class LargeProduct {
 public:
  explicit LargeProduct(Index size) : size_(size), a_(elements(), 0.5f), b_(elements(), 0.25f), c_(elements()) {}
  /// Computes it on the threads in use.
  void run();
  double gflop() const { return 2e-9 * static_cast<double>(size_ * size_ * size_); }

 private:
  std::size_t elements() const { return static_cast<std::size_t>(size_ * size_); }

  Index size_;
  std::vector<float> a_, b_, c_;
};

/// GFLOP/s of a product of 2048 x 2048 matrices, the best of six.
double product_peak();

/// The peak resident memory of the process, in MB.
double peak_resident_mb();

/// The growth of the process's resident memory since construction.
class ResidentGrowth {
 public:
  /// Throws Error when /proc/self does not give the figures.
  ResidentGrowth();
  /// The largest growth so far, in bytes.
  double bytes() const;

 private:
  double before_;
};

/// The throughput of two threads relative to one: about 2 on two cores, 1 on two hardware threads of one core.
double core_ratio();

}  // namespace gradus::bench
