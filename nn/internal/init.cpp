#include <gradus/nn/internal/init.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace gradus::nn::init {

Fans fans(const Shape& shape) {
  if (shape.rank() == 0) throw Error("a scalar has no inputs to count; pass its initial bound or deviation");
  if (shape.rank() == 1) return {shape[0], 1};
  Index each = 1;  // positions of a convolution kernel
  for (Index axis = 2; axis < shape.rank(); ++axis) each *= shape[axis];
  return {shape[1] * each, shape[0] * each};
}

Tensor uniform(const Shape& shape, double bound, const Philox& random, DType dtype) {
  return Tensor::uniform(shape, -bound, bound, random, dtype);
}

Tensor normal(const Shape& shape, double std, const Philox& random, DType dtype) {
  return Tensor::normal(shape, 0, std, random, dtype);
}

Tensor xavier_uniform(const Shape& shape, const Philox& random, DType dtype, double gain) {
  const auto [in, out] = fans(shape);
  return uniform(shape, gain * std::sqrt(6.0 / static_cast<double>(std::max<Index>(in + out, 1))), random, dtype);
}

Tensor kaiming_normal(const Shape& shape, const Philox& random, DType dtype) {
  return normal(shape, std::sqrt(2.0 / static_cast<double>(std::max<Index>(fans(shape).in, 1))), random, dtype);
}

Tensor orthogonal(const Shape& shape, const Philox& random, DType dtype, double gain) {
  if (shape.rank() < 2)
    throw Error(fmt::format("orthogonal: shape {} is not a matrix; expected [out, in, ...]", to_string(shape)));
  Tensor t = Tensor::empty(shape, dtype);
  if (t.numel() == 0) return t;
  const Index rows = shape[0], columns = t.numel() / rows;
  const Index count = std::min(rows, columns), length = std::max(rows, columns);

  // Gram-Schmidt, twice for accuracy, on `count` normal vectors.
  std::vector<double> vectors(static_cast<std::size_t>(count * length));
  for (std::size_t i = 0; i < vectors.size(); ++i) vectors[i] = random.normal(i);
  for (Index k = 0; k < count; ++k) {
    double* v = vectors.data() + k * length;
    for (Index earlier = 0; earlier < 2 * k; ++earlier) {
      const double* u = vectors.data() + (earlier % k) * length;
      const double along = std::inner_product(v, v + length, u, 0.0);
      for (Index i = 0; i < length; ++i) v[i] -= along * u[i];
    }
    const double norm = std::sqrt(std::inner_product(v, v + length, v, 0.0));
    for (Index i = 0; i < length; ++i) v[i] /= norm;
  }

  dispatch_floating(dtype, [&](auto zero) {
    using T = decltype(zero);
    T* out = t.mutable_data<T>();
    for (Index r = 0; r < rows; ++r) {
      for (Index c = 0; c < columns; ++c) {
        const Index from = rows <= columns ? r * length + c : c * length + r;
        out[r * columns + c] = static_cast<T>(gain * vectors[static_cast<std::size_t>(from)]);
      }
    }
  });
  return t;
}

}  // namespace gradus::nn::init
