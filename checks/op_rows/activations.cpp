#include <gradus/autograd/ops/activations.h>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_activations(Rows& t) {
  const auto sigmoid_log = [](auto& x) { return log_sigmoid(x); };
  const auto misra = [](auto& x) { return mish(x); };
  t.unary("leaky_relu(Tensor, Scalar)", {-2, 2}, [](auto& x) { return leaky_relu(x, 0.1) * x; });
  t.unary("elu(Tensor, Scalar)", {-2, 2}, [](auto& x) { return elu(x, 0.7); });
  t.unary("celu(Tensor, Scalar)", {-2, 2}, [](auto& x) { return celu(x, 0.7); });
  t.unary("selu(Tensor)", {-2, 2}, [](auto& x) { return selu(x); });
  t.unary("mish(Tensor)", {-4, 4}, misra);
  t.unary("log_sigmoid(Tensor)", {-4, 4}, sigmoid_log);
  t.unary("hardtanh(Tensor, Scalar, Scalar)", {-2, 2}, [](auto& x) { return hardtanh(x, -0.5, 0.7) + x; });
  t.unary("hardsigmoid(Tensor)", {-6, 6}, [](auto& x) { return hardsigmoid(x) * x; });
  t.unary("hardswish(Tensor)", {-6, 6}, [](auto& x) { return hardswish(x) + x; });
  t.at("log_sigmoid(Tensor)", {-1e4, -80, 0, 15, 80}, sigmoid_log);
  t.at("mish(Tensor)", {-80, -15, 0, 80}, misra);
  t.at("elu(Tensor, Scalar)", {-10, 1e4}, [](auto& x) { return elu(x, 1); });

  t.kink("leaky_relu(Tensor, Scalar)", "a kink", {leaf({0, 1}, {2})}, [](auto& in) { return leaky_relu(in[0]); });
  t.kink("elu(Tensor, Scalar)", "a kink", {leaf({0, 1}, {2})}, [](auto& in) { return elu(in[0], 2); });
  t.kink("selu(Tensor)", "a kink", {leaf({0, 1}, {2})}, [](auto& in) { return selu(in[0]); });
  t.kink("hardtanh(Tensor, Scalar, Scalar)", "a kink", {leaf({-1, 0}, {2})}, [](auto& in) { return hardtanh(in[0]); });
  t.kink("hardsigmoid(Tensor)", "a kink", {leaf({-3, 0}, {2})}, [](auto& in) { return hardsigmoid(in[0]); });
  t.kink("hardswish(Tensor)", "a kink", {leaf({3, 0}, {2})}, [](auto& in) { return hardswish(in[0]); });

  t.shaped("glu(Tensor, Integer)", "the last axis", {2, 6}, [](auto& x) { return glu(x); });
  t.shaped("glu(Tensor, Integer)", "another axis", {2, 4, 3}, [](auto& x) { return glu(x, 1); });
  t.shaped("glu(Tensor, Integer)", "no elements", {2, 0}, [](auto& x) { return glu(x); });
}

}  // namespace gradus::checks
