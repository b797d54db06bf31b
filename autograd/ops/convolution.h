#pragma once

#include <gradus/autograd/engine/tensor.h>

namespace gradus {

/// x [batch, in, height, width], weight [out, in, kh, kw], bias [out] or undefined.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, Index stride = 1, Index padding = 0,
              Place = Place::current());
/// The patches of x [batch, in, height, width] as rows [batch, out_h * out_w, in * kh * kw]: conv2d is their product
/// with the kernels.
Tensor unfold(const Tensor& x, Index kh, Index kw, Index stride, Index padding, Place = Place::current());
/// The adjoint of unfold: patches added back into [batch, in, height, width].
Tensor fold(const Tensor& patches, const Shape& image, Index kh, Index kw, Index stride, Index padding,
            Place = Place::current());

}  // namespace gradus
