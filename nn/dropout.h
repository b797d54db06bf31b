#pragma once

#include <string>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/dropout.h>
#include <gradus/nn/training.h>

namespace gradus::nn {

/// In training zeroes each element with probability p and scales the others by 1 / (1 - p) (Srivastava et al. 2014),
/// with draws from the thread's RandomScope. In use, or with p = 0, the identity. With p > 0 it throws while the mode
/// is unset (`Training`).
struct Dropout {
  double p = 0;  // [0, 1)

  /// x of any shape. Throws also for p outside [0, 1).
  Tensor operator()(const Tensor& x, Place place = Place::current()) const {
    return active(place) ? dropout(x, p, place) : x;
  }

  /// Whether it changes x. Throws as the operator does.
  bool active(Place place = Place::current()) const {
    if (!(p >= 0 && p < 1))
      throw Error("Dropout: p is " + std::to_string(p) + "; expected a probability in [0, 1)", place);
    return p > 0 && Training::on_for("Dropout", place);
  }
};

/// Dropout with one draw for all numbers along an axis: along the last one it drops whole vectors, such as words, and
/// along the time it drops the same numbers at each step (Gal & Ghahramani 2016).
struct SharedDropout {
  double p = 0;     // [0, 1)
  Index axis = -1;  // the axis with one draw, from the end if negative

  /// x of any shape with that axis. Throws as Dropout does, and when x has no such axis.
  Tensor operator()(const Tensor& x, Place place = Place::current()) const {
    const Index rank = x.rank();
    if (axis < -rank || axis >= rank) {
      throw Error("SharedDropout: axis " + std::to_string(axis) + " is not in " + describe(x) +
                      "; expected an axis of x, from the end if negative",
                  place);
    }
    if (p == 0) return x;
    Shape draws = x.shape();
    draws[axis] = 1;
    return mul({x, place}, Dropout{p}(Tensor::ones(draws, x.dtype()), place));
  }

  /// Whether it changes x. Throws as the operator does.
  bool active(Place place = Place::current()) const { return Dropout{p}.active(place); }
};

}  // namespace gradus::nn
