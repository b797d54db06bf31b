#pragma once

#include <gradus/autograd/engine/arguments.h>

namespace gradus {

/// x [batch, in, height, width], weight [out, in, kh, kw], bias [out] or undefined.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, Integer stride = 1, Integer padding = 0,
              Place = Place::current());
/// The patches of x [batch, in, height, width] as rows [batch, out_h * out_w, in * kh * kw]: conv2d is their product
/// with the kernels.
Tensor unfold(const Tensor& x, Integer kh, Integer kw, Integer stride, Integer padding, Place = Place::current());
/// The adjoint of unfold: patches added back into [batch, in, height, width].
Tensor fold(const Tensor& patches, const Shape& image, Integer kh, Integer kw, Integer stride, Integer padding,
            Place = Place::current());

}  // namespace gradus
