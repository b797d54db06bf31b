#pragma once

#include <gradus/autograd/ops.h>

namespace gradus::nn {

namespace detail {
inline thread_local bool training = false;
}

/// Whether layers on this thread behave as in training. Off unless a `Training` lives.
inline bool training() { return detail::training; }

/// While it lives, layers on this thread behave as in training (or, with false, as in use). Each shard's thread has its
/// own.
class Training {
 public:
  explicit Training(bool on = true) : before_(detail::training) { detail::training = on; }
  ~Training() { detail::training = before_; }
  Training(const Training&) = delete;
  Training& operator=(const Training&) = delete;

 private:
  bool before_;
};

/// In training zeroes each element with probability p and scales the rest by 1 / (1 - p) (Srivastava et al. 2014), with
/// draws from the thread's RandomScope; otherwise, or with p = 0, the identity.
struct Dropout {
  double p = 0;

  Tensor operator()(const Tensor& x, Place place = Place::current()) const {
    return p > 0 && training() ? dropout(x, p, place) : x;
  }
};

}  // namespace gradus::nn
