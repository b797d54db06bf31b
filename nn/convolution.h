#pragma once

#include <string>

#include <gradus/autograd/ops/convolution.h>
#include <gradus/nn/layer.h>
#include <gradus/nn/parameters.h>

// Convolutions with parameters that are named and drawn as PyTorch's: U(±1 / sqrt(fan_in)) for weight and bias. Pooling
// has no parameters: see max_pool2d and others in autograd/ops/pooling.h. The constructors throw when the groups do not
// divide both channels or a size is below 1.
namespace gradus::nn {

/// [batch, in, length] -> [batch, out, positions], see conv1d.
struct Conv1d {
  Tensor weight;          // [out, in / groups, kernel]
  Tensor bias;            // [out], undefined without bias
  Conv1dOptions options;  // of conv1d
  std::string path;       // of the scope, for messages

  /// From `in` to `out` channels. Throws unless the groups divide both and each size is at least 1.
  Conv1d(Scope scope, Index in, Index out, PerAxis<1> kernel_size, const Conv1dOptions& options = {},
         bool with_bias = true);
  /// x [batch, in, length] -> [batch, out, positions]
  Tensor operator()(const Tensor& x, Place place = Place::current()) const;
};

/// [batch, in, height, width] -> [batch, out, rows, columns], see conv2d.
struct Conv2d {
  Tensor weight;          // [out, in / groups, kh, kw]
  Tensor bias;            // [out], undefined without bias
  Conv2dOptions options;  // of conv2d
  std::string path;       // of the scope, for messages

  /// From `in` to `out` channels. Throws unless the groups divide both and each size is at least 1.
  Conv2d(Scope scope, Index in, Index out, PerAxis<2> kernel_size, const Conv2dOptions& options = {},
         bool with_bias = true);
  /// x [batch, in, height, width] -> [batch, out, rows, columns]
  Tensor operator()(const Tensor& x, Place place = Place::current()) const;
};

/// [batch, in, positions] -> [batch, out, length], see conv_transpose1d.
struct ConvTranspose1d {
  Tensor weight;                   // [in, out / groups, kernel]
  Tensor bias;                     // [out], undefined without bias
  ConvTranspose1dOptions options;  // of conv_transpose1d
  std::string path;                // of the scope, for messages

  /// From `in` to `out` channels. Throws unless the groups divide both and each size is at least 1.
  ConvTranspose1d(Scope scope, Index in, Index out, PerAxis<1> kernel_size, const ConvTranspose1dOptions& options = {},
                  bool with_bias = true);
  /// x [batch, in, positions] -> [batch, out, length]
  Tensor operator()(const Tensor& x, Place place = Place::current()) const;
};

/// [batch, in, rows, columns] -> [batch, out, height, width], see conv_transpose2d.
struct ConvTranspose2d {
  Tensor weight;                   // [in, out / groups, kh, kw]
  Tensor bias;                     // [out], undefined without bias
  ConvTranspose2dOptions options;  // of conv_transpose2d
  std::string path;                // of the scope, for messages

  /// From `in` to `out` channels. Throws unless the groups divide both and each size is at least 1.
  ConvTranspose2d(Scope scope, Index in, Index out, PerAxis<2> kernel_size, const ConvTranspose2dOptions& options = {},
                  bool with_bias = true);
  /// x [batch, in, rows, columns] -> [batch, out, height, width]
  Tensor operator()(const Tensor& x, Place place = Place::current()) const;
};

}  // namespace gradus::nn
