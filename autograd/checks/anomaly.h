#pragma once

#include <gradus/autograd/engine/observer.h>

namespace gradus {

/// Whether no value is NaN or infinite.
bool all_finite(const Tensor& x);

/// While it exists, checks every value and gradient of this thread. The first op with a wrong one, forward or backward,
/// throws an Error with its name, the ranges of its inputs, the nearest parameters and the place of its call. Wrong are
/// - a NaN,
/// - an infinity made of finite inputs (an infinite input, such as a mask of -inf, may pass forward),
/// - any gradient that is not finite.
class DetectAnomaly {
 public:
  /// Replaces the observer of the thread: by none if not `on`, and then checks nothing.
  explicit DetectAnomaly(bool on = true);

 private:
  ObserverScope scope_;
};

}  // namespace gradus
