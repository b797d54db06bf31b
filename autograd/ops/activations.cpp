#include <gradus/autograd/ops/activations.h>

#include <fmt/format.h>

#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/ops/pointwise.h>
#include <gradus/autograd/ops/slicing.h>

// A slope is given where the derivative of the formula has a product of 0 and infinity.
namespace gradus {

Tensor leaky_relu(const Tensor& x, Scalar negative_slope, Place place) {
  const double slope = negative_slope;
  return pointwise(
      {"leaky_relu", place}, x, [slope](auto v) { return where(v > 0, v, slope * v); },
      [slope](auto v) {
        using S = decltype(v);
        return where(v > 0, S(1), S(slope));
      });
}

Tensor elu(const Tensor& x, Scalar alpha, Place place) {
  return pointwise({"elu", place}, x, [a = double{alpha}](auto v) { return where(v > 0, v, a * expm1(v)); });
}

Tensor celu(const Tensor& x, Scalar alpha, Place place) {
  if (alpha == 0) throw Error("celu: alpha is 0, expected another number", place);
  const double a = alpha;
  return pointwise(
      {"celu", place}, x, [a](auto v) { return where(v > 0, v, a * expm1(v / a)); },
      [a](auto v) { return where(v > 0, 1.0, exp(v / a)); });
}

Tensor selu(const Argument& x) {
  constexpr double alpha = 1.6732632423543772, scale = 1.0507009873554805;
  return pointwise(
      {"selu", x.place()}, x.tensor(), [](auto v) { return where(v > 0, scale * v, (scale * alpha) * expm1(v)); },
      [](auto v) { return where(v > 0, scale, (scale * alpha) * exp(v)); });
}

Tensor mish(const Argument& x) {
  // Beyond the bounds tanh(softplus(x)) is flat. The bounds prevent products of 0 and infinity.
  return pointwise(
      {"mish", x.place()}, x.tensor(),
      [](auto v) {
        using S = decltype(v);
        return max(v, S(-1e4)) * tanh(softplus(v));
      },
      [](auto v) {
        using S = decltype(v);
        const S c = min(max(v, S(-1e4)), S(1e4)), t = tanh(softplus(c));
        return t + c * sigmoid(c) * (1.0 - t * t);
      });
}

Tensor log_sigmoid(const Argument& x) {
  return pointwise(
      {"log_sigmoid", x.place()}, x.tensor(), [](auto v) { return -softplus(-v); }, [](auto v) { return sigmoid(-v); });
}

Tensor hardtanh(const Tensor& x, Scalar min_val, Scalar max_val, Place place) {
  const double low = min_val, high = max_val;
  if (!(low <= high)) throw Error(fmt::format("hardtanh: the bounds {} and {} are not in order", low, high), place);
  return pointwise({"hardtanh", place}, x,
                   [low, high](auto v) { return where(v <= low, low, where(v >= high, high, v)); });
}

Tensor hardsigmoid(const Argument& x) {
  return pointwise({"hardsigmoid", x.place()}, x.tensor(),
                   [](auto v) { return where(v <= -3, 0.0, where(v >= 3, 1.0, v / 6.0 + 0.5)); });
}

Tensor hardswish(const Argument& x) {
  return pointwise({"hardswish", x.place()}, x.tensor(),
                   [](auto v) { return where(v < -3, 0.0, where(v <= 3, v * (v + 3.0) / 6.0, v)); });
}

Tensor glu(const Tensor& x, Integer axis, Place place) {
  const OpName op("glu", place);
  const Index along = normalise_axis(op, axis, x.shape()), extent = x.shape()[along];
  if (extent % 2 != 0) {
    throw Error(
        fmt::format("glu: axis {} of {} has the extent {}, expected an even one", Index{axis}, describe(x), extent),
        place);
  }
  return pointwise(op, narrow(x, along, 0, extent / 2, place), narrow(x, along, extent / 2, extent / 2, place),
                   [](auto a, auto b) { return a * sigmoid(b); });
}

}  // namespace gradus
