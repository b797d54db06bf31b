#pragma once

#include <initializer_list>

#include <gradus/autograd/engine/node.h>

namespace gradus {

/// The windows of a convolution or a pooling along one axis. Element k of window w is the pixel
/// w * stride + k * dilation - padding.
struct Windows {
  Index extent, kernel, stride, padding, dilation, count;

  struct Range {
    Index begin, end;
  };
  Index pixel(Index window, Index k) const { return window * stride + k * dilation - padding; }
  /// The windows whose element k is inside the image.
  Range inside(Index k) const;
  /// Windows that need no padding and no arithmetic: window w is pixel w.
  bool trivial() const { return kernel == 1 && stride == 1 && padding == 0 && count == extent; }
};

struct WindowOptions {
  Index kernel, stride, padding, dilation;
};
/// All windows that fit the padded axis. With `ceil` also one that reaches past its end, if it starts inside the image
/// or the padding before it. `axis` names the axis in messages. Throws Error when a number is out of range or no window
/// fits.
Windows windows(const OpName& op, const char* axis, Index extent, const WindowOptions& o, bool ceil = false);
/// The windows of the image that a transposed convolution makes of `count` positions.
Windows transposed_windows(const OpName& op, const char* axis, Index count, const WindowOptions& o,
                           Index output_padding);

/// Throws Error when the product is above 2^63 - 1.
Index checked_product(const OpName& op, std::initializer_list<Index> extents);

}  // namespace gradus
