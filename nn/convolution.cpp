#include <gradus/nn/convolution.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <gradus/nn/internal/init.h>

namespace gradus::nn {

namespace {

// [first, second / groups, kernel...]
Shape weight_shape(const char* layer, const Scope& scope, Index first, Index second, Index groups,
                   std::initializer_list<Index> kernel) {
  const bool divides = groups >= 1 && first % groups == 0 && second % groups == 0;
  Shape shape{first, divides ? second / groups : 0};
  for (const Index k : kernel) shape.push_back(k);
  if (!divides || std::any_of(shape.begin(), shape.end(), [](Index extent) { return extent < 1; })) {
    throw Error(
        fmt::format("{}: {} and {} channels in {} groups with a kernel of {} are not a convolution; expected "
                    "sizes of at least 1, and groups that divide both",
                    to_string(LayerCall{layer, scope.path(), {}}), first, second, groups,
                    fmt::join(kernel.begin(), kernel.end(), " x ")));
  }
  return shape;
}

// [out], in the range of the weight's numbers.
Tensor bias_of(const Scope& scope, Index out, const Shape& weight) {
  return scope.uniform("bias", {out}, 1 / std::sqrt(static_cast<double>(std::max<Index>(init::fans(weight).in, 1))));
}

}  // namespace

Conv1d::Conv1d(Scope scope, Index in, Index out, PerAxis<1> kernel_size, const Conv1dOptions& o, bool with_bias)
    : weight(scope.uniform("weight", weight_shape("Conv1d", scope, out, in, o.groups, {kernel_size[0]}))),
      bias(with_bias ? bias_of(scope, out, weight.shape()) : Tensor()),
      options(o),
      path(scope.path()) {}

Tensor Conv1d::operator()(const Tensor& x, Place place) const {
  const LayerCall layer{"Conv1d", path, place};
  check_input(layer, "x", x, weight.dtype(), {"batch", weight.shape()[1] * options.groups, "length"});
  return conv1d(x, weight, bias, options, place);
}

Conv2d::Conv2d(Scope scope, Index in, Index out, PerAxis<2> kernel_size, const Conv2dOptions& o, bool with_bias)
    : weight(
          scope.uniform("weight", weight_shape("Conv2d", scope, out, in, o.groups, {kernel_size[0], kernel_size[1]}))),
      bias(with_bias ? bias_of(scope, out, weight.shape()) : Tensor()),
      options(o),
      path(scope.path()) {}

Tensor Conv2d::operator()(const Tensor& x, Place place) const {
  const LayerCall layer{"Conv2d", path, place};
  check_input(layer, "x", x, weight.dtype(), {"batch", weight.shape()[1] * options.groups, "height", "width"});
  return conv2d(x, weight, bias, options, place);
}

ConvTranspose1d::ConvTranspose1d(Scope scope, Index in, Index out, PerAxis<1> kernel_size,
                                 const ConvTranspose1dOptions& o, bool with_bias)
    : weight(scope.uniform("weight", weight_shape("ConvTranspose1d", scope, in, out, o.groups, {kernel_size[0]}))),
      bias(with_bias ? bias_of(scope, out, weight.shape()) : Tensor()),
      options(o),
      path(scope.path()) {}

Tensor ConvTranspose1d::operator()(const Tensor& x, Place place) const {
  const LayerCall layer{"ConvTranspose1d", path, place};
  check_input(layer, "x", x, weight.dtype(), {"batch", weight.shape()[0], "positions"});
  return conv_transpose1d(x, weight, bias, options, place);
}

ConvTranspose2d::ConvTranspose2d(Scope scope, Index in, Index out, PerAxis<2> kernel_size,
                                 const ConvTranspose2dOptions& o, bool with_bias)
    : weight(scope.uniform(
          "weight", weight_shape("ConvTranspose2d", scope, in, out, o.groups, {kernel_size[0], kernel_size[1]}))),
      bias(with_bias ? bias_of(scope, out, weight.shape()) : Tensor()),
      options(o),
      path(scope.path()) {}

Tensor ConvTranspose2d::operator()(const Tensor& x, Place place) const {
  const LayerCall layer{"ConvTranspose2d", path, place};
  check_input(layer, "x", x, weight.dtype(), {"batch", weight.shape()[0], "rows", "columns"});
  return conv_transpose2d(x, weight, bias, options, place);
}

}  // namespace gradus::nn
