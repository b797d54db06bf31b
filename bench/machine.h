#pragma once

#include <vector>

#include <gradus/autograd/foundation/types.h>

// What the machine can do at the moment, to hold results against.
namespace gradus::bench {

/// A product of two square f32 matrices, as large as products come near the peak.
class LargeProduct {
 public:
  explicit LargeProduct(Index size) : size_(size), a_(elements(), 0.5f), b_(elements(), 0.25f), c_(elements()) {}
  /// On the threads in use.
  void run();
  double gflop() const { return 2e-9 * static_cast<double>(size_ * size_ * size_); }

 private:
  std::size_t elements() const { return static_cast<std::size_t>(size_ * size_); }

  Index size_;
  std::vector<float> a_, b_, c_;
};

/// GFLOP/s of matrices of 2048 rows, the best of a few.
double product_peak();

/// The most memory that the process ever held, in MB.
double peak_resident_mb();

/// How much two threads do together in the time one takes for itself: about 2 on two cores, 1 where the two processors
/// are one core's.
double core_ratio();

}  // namespace gradus::bench
