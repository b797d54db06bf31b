#pragma once

#include <vector>

#include "autograd/types.h"

// What the machine can do at the moment, to hold results against.
namespace gradus::bench {

/// A product of two 2048 x 2048 f32 matrices.
class LargeProduct {
 public:
  static constexpr Index size = 2048;
  static constexpr double gflop = 2e-9 * size * size * size;
  LargeProduct() : a_(size * size, 0.5f), b_(size * size, 0.25f), c_(size * size) {}
  /// On the threads in use.
  void run();

 private:
  std::vector<float> a_, b_, c_;
};

/// Its GFLOP/s, the best of a few.
double product_peak();

/// The most memory that the process ever held, in MB.
double peak_resident_mb();

/// How much two threads do together in the time one takes for itself: about 2 on two cores, 1 where the two processors
/// are one core's.
double core_ratio();

}  // namespace gradus::bench
