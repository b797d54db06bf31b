#pragma once

#include <gradus/autograd/ops/activations.h>

namespace gradus::nn {

/// The first half of an axis times the sigmoid of the second half (Dauphin et al. 2017): [..., 2 n] -> [..., n] for the
/// last axis. A feed-forward layer with gates is `FeedForward` with the option `gated`.
struct GLU {
  Index axis = -1;  // the axis to halve, from the end if negative

  /// Throws unless the extent of the axis is even.
  Tensor operator()(const Tensor& x, Place place = Place::current()) const { return glu(x, axis, place); }
};

}  // namespace gradus::nn
