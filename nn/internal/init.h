#pragma once

#include <gradus/autograd/engine/tensor.h>
#include <gradus/autograd/foundation/random.h>

// Initial values as torch.nn.init defines them. They depend on the generator only, not on the number of threads.
namespace gradus::nn::init {

/// The inputs per unit and the units per input of a weight [out, in, ...].
struct Fans {
  Index in, out;
};
/// A vector is one row of inputs. Throws for a scalar.
Fans fans(const Shape& shape);

/// U(-bound, bound)
Tensor uniform(const Shape& shape, double bound, const Philox& random, DType dtype);
/// N(0, std²)
Tensor normal(const Shape& shape, double std, const Philox& random, DType dtype);
/// U(±gain sqrt(6 / (fan_in + fan_out))) (Glorot & Bengio 2010)
Tensor xavier_uniform(const Shape& shape, const Philox& random, DType dtype, double gain = 1);
/// N(0, 2 / fan_in), for weights before a ReLU (He et al. 2015)
Tensor kaiming_normal(const Shape& shape, const Philox& random, DType dtype);
/// A matrix [out, in...] with orthonormal rows, or columns when it is taller than wide (Saxe et al. 2014).
Tensor orthogonal(const Shape& shape, const Philox& random, DType dtype, double gain = 1);

}  // namespace gradus::nn::init
