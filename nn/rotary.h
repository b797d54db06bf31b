#pragma once

#include <cmath>
#include <string>

#include <gradus/autograd/foundation/sizes.h>
#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/shape.h>
#include <gradus/autograd/ops/slicing.h>
#include <gradus/nn/layer.h>

namespace gradus::nn {

/// Rotary positions (Su et al. 2021, eq. 34): x [batch, time, heads * d] -> the same shape, d even. The pair of numbers
/// i and i + d/2 of each head is rotated by the angle position * 10000^(-2i/d), so that the product of a rotated query
/// and a rotated key depends on the distance of their positions alone. `start` is the position of the first step.
/// Throws when d is odd, and when `start` is negative.
inline Tensor rotary(const Tensor& x, Index heads, Index start = 0, Place place = Place::current()) {
  if (x.rank() != 3 || heads < 1 || x.shape()[2] % mul_sat(2, heads) != 0) {
    throw Error("rotary positions of " + std::to_string(heads) + " heads: x is " + describe(x) +
                    "; expected [batch, time, heads * d] with an even d",
                place);
  }
  check_start("rotary positions", start, x.shape()[1], place);
  const Index time = x.shape()[1], half = x.shape()[2] / heads / 2;
  Tensor cosines = Tensor::empty({time, 1, 1, half}, x.dtype());
  Tensor sines = Tensor::empty({time, 1, 2, half}, x.dtype());  // -sin for the first half, sin for the second
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* cosine = cosines.mutable_data<T>();
    T* sine = sines.mutable_data<T>();
    for (Index i = 0; i < half; ++i) {
      const double frequency = std::pow(10000.0, -static_cast<double>(i) / static_cast<double>(half));
      for (Index t = 0; t < time; ++t) {
        const double angle = static_cast<double>(start + t) * frequency;
        cosine[t * half + i] = static_cast<T>(std::cos(angle));
        sine[2 * t * half + i] = static_cast<T>(-std::sin(angle));
        sine[(2 * t + 1) * half + i] = static_cast<T>(std::sin(angle));
      }
    }
  });
  const Tensor halves = reshape(x, {x.shape()[0], time, heads, 2, half}, place);
  return reshape(halves * cosines + flip(halves, 3) * sines, x.shape());
}

}  // namespace gradus::nn
