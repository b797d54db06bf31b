#pragma once

#include <utility>

#include <gradus/autograd/ops/dropout.h>

namespace gradus::nn {

/// Training mode of the layers on this thread: on (or off, with false) while the object exists. Without one it is off.
/// Each thread has its own mode.
class Training {
 public:
  explicit Training(bool on = true) : before_(std::exchange(on_, on)) {}
  ~Training() { on_ = before_; }
  Training(const Training&) = delete;
  Training& operator=(const Training&) = delete;

  static bool on() { return on_; }

 private:
  static inline thread_local bool on_ = false;
  bool before_;
};

/// In training mode zeroes each element with probability p and scales the others by 1 / (1 - p) (Srivastava et al.
/// 2014), with draws from the thread's RandomScope. Otherwise, or with p = 0, the identity.
struct Dropout {
  double p = 0;

  Tensor operator()(const Tensor& x, Place place = Place::current()) const {
    return p > 0 && Training::on() ? dropout(x, p, place) : x;
  }
};

}  // namespace gradus::nn
