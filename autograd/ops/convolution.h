#pragma once

#include <gradus/autograd/ops/per_axis.h>

// Convolutions are cross-correlations, as everywhere in deep learning. A number per axis may be given once for all
// axes: `conv2d(x, weight, bias, {.stride = 2, .padding = {1, 0}})`.
namespace gradus {

/// A padding that depends on the kernel.
enum class Padding { same };

/// Zeros around an image: a number per axis for both sides, or `Padding::same`, which keeps the size of the image where
/// the stride is 1. An odd number of zeros has one more at the end, as in PyTorch.
template <Index axes>
class ConvPadding : public PerAxis<axes> {
 public:
  using PerAxis<axes>::PerAxis;
  ConvPadding(const PerAxis<axes>& numbers) : PerAxis<axes>(numbers) {}  // the same numbers at both sides
  ConvPadding(Padding) : is_same_(true) {}                               // Padding::same
  bool is_same() const { return is_same_; }                              // whether this is Padding::same

 private:
  bool is_same_ = false;
};

/// The options of conv1d and conv2d.
template <Index axes>
struct ConvOptions {
  PerAxis<axes> stride = 1;       // step from one position of the kernel to the next
  ConvPadding<axes> padding = 0;  // zeros around x
  PerAxis<axes> dilation = 1;     // distance between neighbouring elements of the kernel
  Integer groups = 1;             // divides both channels
};
using Conv1dOptions = ConvOptions<1>;  // options of conv1d
using Conv2dOptions = ConvOptions<2>;  // options of conv2d

/// x [batch, in, length], weight [out, in / groups, kernel], bias [out] or undefined -> [batch, out, positions] with
/// positions = (length + 2 padding - dilation (kernel - 1) - 1) / stride + 1.
Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const Conv1dOptions& options = {},
              Place = Place::current());
/// x [batch, in, height, width], weight [out, in / groups, kh, kw], bias [out] or undefined ->
/// [batch, out, rows, columns].
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const Conv2dOptions& options = {},
              Place = Place::current());

/// The options of conv_transpose1d and conv_transpose2d. All but output_padding are those of the convolution whose
/// gradient is computed.
template <Index axes>
struct ConvTransposeOptions {
  PerAxis<axes> stride = 1,    ///< step from one position of the kernel to the next
      padding = 0,             ///< elements cut off at both ends of each axis of the result
      output_padding = 0;      ///< elements added at the end of each axis of the result
  Integer groups = 1;          // divides both channels
  PerAxis<axes> dilation = 1;  // distance between neighbouring elements of the kernel
};
using ConvTranspose1dOptions = ConvTransposeOptions<1>;  // options of conv_transpose1d
using ConvTranspose2dOptions = ConvTransposeOptions<2>;  // options of conv_transpose2d

/// The gradient of conv1d in x, as an op: x [batch, in, positions], weight [in, out / groups, kernel], bias [out] or
/// undefined -> [batch, out, length] with
/// length = (positions - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1.
Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                        const ConvTranspose1dOptions& options = {}, Place = Place::current());
/// x [batch, in, rows, columns], weight [in, out / groups, kh, kw], bias [out] or undefined ->
/// [batch, out, height, width].
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                        const ConvTranspose2dOptions& options = {}, Place = Place::current());

/// The patches of x [batch, in, height, width] as rows [batch, positions, in * kh * kw].
Tensor unfold(const Tensor& x, Integer kh, Integer kw, Integer stride, Integer padding, Place = Place::current());
/// The adjoint of unfold: patches added back into [batch, in, height, width].
Tensor fold(const Tensor& patches, const Shape& image, Integer kh, Integer kw, Integer stride, Integer padding,
            Place = Place::current());

}  // namespace gradus
