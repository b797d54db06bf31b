#pragma once

#include <gradus/autograd/ops/per_axis.h>
#include <gradus/autograd/ops/sorting.h>

// Pooling of images [batch, channels, height, width] and of sequences [batch, channels, length]. The padding is at most
// half of the kernel; ceil_mode also keeps a window that reaches past the end.
namespace gradus {

/// The options of max_pool1d and max_pool2d.
template <Index axes>
struct MaxPoolOptions {
  PerAxis<axes> stride = {};  // undefined: the kernel size
  PerAxis<axes> padding = 0,  ///< elements at both ends of each axis, which never win
      dilation = 1;           ///< distance between neighbouring elements of a window
  Flag ceil_mode = false;     // also keeps a window that reaches past the end
};
using MaxPool1dOptions = MaxPoolOptions<1>;  // options of max_pool1d
using MaxPool2dOptions = MaxPoolOptions<2>;  // options of max_pool2d

/// The first maximum gets the gradient. NaN wins. Padding never does.
Tensor max_pool1d(const Tensor& x, const PerAxis<1>& kernel_size, const MaxPool1dOptions& options = {},
                  Place = Place::current());
Tensor max_pool2d(const Tensor& x, const PerAxis<2>& kernel_size, const MaxPool2dOptions& options = {},
                  Place = Place::current());

/// Also the indices y * width + x of the maxima.
ValuesIndices max_pool2d_with_indices(const Tensor& x, const PerAxis<2>& kernel_size,
                                      const MaxPool2dOptions& options = {}, Place = Place::current());

/// The options of avg_pool1d and avg_pool2d.
template <Index axes>
struct AvgPoolOptions {
  PerAxis<axes> stride = {};      // undefined: the kernel size
  PerAxis<axes> padding = 0;      // zeros at both ends of each axis
  Flag ceil_mode = false;         // also keeps a window that reaches past the end
  Flag count_include_pad = true;  // divides by the kernel's size at the borders too
};
using AvgPool1dOptions = AvgPoolOptions<1>;  // options of avg_pool1d
using AvgPool2dOptions = AvgPoolOptions<2>;  // options of avg_pool2d

/// The mean of each window.
Tensor avg_pool1d(const Tensor& x, const PerAxis<1>& kernel_size, const AvgPool1dOptions& options = {},
                  Place = Place::current());
Tensor avg_pool2d(const Tensor& x, const PerAxis<2>& kernel_size, const AvgPool2dOptions& options = {},
                  Place = Place::current());

/// Means over windows of almost equal sizes, such that the result has this many rows and columns. {1, 1} is the mean of
/// each image.
Tensor adaptive_avg_pool1d(const Tensor& x, const PerAxis<1>& output_size, Place = Place::current());
Tensor adaptive_avg_pool2d(const Tensor& x, const PerAxis<2>& output_size, Place = Place::current());

}  // namespace gradus
