#pragma once

#include <gradus/autograd/engine/arguments.h>

// Activations beside those of functions.h. Where a function has a kink, the gradient is PyTorch's.
namespace gradus {

/// x where x > 0, else negative_slope * x. The gradient at 0 is negative_slope.
Tensor leaky_relu(const Tensor& x, Scalar negative_slope = 0.01, Place place = Place::current());
/// x where x > 0, else alpha (exp(x) - 1) (Clevert et al. 2016). The gradient at 0 is alpha.
Tensor elu(const Tensor& x, Scalar alpha = 1, Place place = Place::current());
/// x where x > 0, else alpha (exp(x / alpha) - 1) (Barron 2017). Throws when alpha is 0.
Tensor celu(const Tensor& x, Scalar alpha = 1, Place place = Place::current());
/// scale * elu(x, alpha), with the constants of Klambauer et al. 2017.
Tensor selu(const Argument& x);
/// x tanh(softplus(x)) (Misra 2019).
Tensor mish(const Argument& x);
/// log(sigmoid(x)), PyTorch's logsigmoid.
Tensor log_sigmoid(const Argument& x);
/// x limited to [min_val, max_val]. The gradient is 1 inside and 0 at the limits. Throws unless min_val <= max_val.
Tensor hardtanh(const Tensor& x, Scalar min_val = -1, Scalar max_val = 1, Place place = Place::current());
/// x / 6 + 1 / 2 limited to [0, 1]. The gradient is 0 at -3 and 3.
Tensor hardsigmoid(const Argument& x);
/// x hardsigmoid(x) (Howard et al. 2019). The gradient is -1 / 2 at -3 and 3 / 2 at 3.
Tensor hardswish(const Argument& x);
/// The first half of an axis times the sigmoid of the second half (Dauphin et al. 2017). Throws unless the extent is
/// even.
Tensor glu(const Tensor& x, Integer axis = -1, Place place = Place::current());

}  // namespace gradus
