#pragma once

#include <gradus/autograd/foundation/parallel.h>

/// One thread until its end.
struct OneThread {
  int before = gradus::threads();
  OneThread() { gradus::set_threads(1); }
  ~OneThread() { gradus::set_threads(before); }
};
