#include <gradus/autograd/ops/functions.h>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_functions(Rows& t) {
  const auto exact = [](auto& x) { return gelu(x); };
  const auto by_tanh = [](auto& x) { return gelu(x, Gelu::tanh); };
  t.unary("exp(Tensor)", {-2, 2}, [](auto& x) { return exp(x); });
  t.unary("expm1(Tensor)", {-2, 2}, [](auto& x) { return expm1(x); });
  t.unary("log(Tensor)", {0.3, 3}, [](auto& x) { return log(x); });
  t.unary("log1p(Tensor)", {-0.6, 3}, [](auto& x) { return log1p(x); });
  t.unary("sqrt(Tensor)", {0.3, 3}, [](auto& x) { return sqrt(x); });
  t.unary("rsqrt(Tensor)", {0.3, 3}, [](auto& x) { return rsqrt(x); });
  t.unary("reciprocal(Tensor)", {-3, -0.3}, [](auto& x) { return reciprocal(x); });
  t.unary("sin(Tensor)", {-4, 4}, [](auto& x) { return sin(x); });
  t.unary("cos(Tensor)", {-4, 4}, [](auto& x) { return cos(x); });
  t.unary("erf(Tensor)", {-2, 2}, [](auto& x) { return erf(x); });
  t.unary("tanh(Tensor)", {-3, 3}, [](auto& x) { return tanh(x); });
  t.unary("sigmoid(Tensor)", {-4, 4}, [](auto& x) { return sigmoid(x); });
  t.unary("relu(Tensor)", {-2, 2}, [](auto& x) { return relu(x) + x; });
  t.unary("gelu(Tensor, Gelu)", {-3, 3}, exact, "exact");
  t.unary("gelu(Tensor, Gelu)", {-3, 3}, by_tanh, "by tanh");
  t.unary("silu(Tensor)", {-4, 4}, [](auto& x) { return silu(x); });
  t.unary("softplus(Tensor, Scalar)", {-4, 4}, [](auto& x) { return softplus(x); });
  t.unary(
      "softplus(Tensor, Scalar)", {-4, 4}, [](auto& x) { return softplus(x, 0.7); }, "beta 0.7");
  t.unary("abs(Tensor)", {-2, 2}, [](auto& x) { return abs(x); });
  const std::string clamps = "clamp(Tensor, std::optional<Operand>, std::optional<Operand>)";
  t.unary(clamps, {-2, 2}, [](auto& x) { return clamp(x, -0.5, 0.7) + x; });
  t.unary("clamp_min(Tensor, Scalar)", {-2, 2}, [](auto& x) { return clamp_min(x, -0.5) + x; });
  t.unary("clamp_max(Tensor, Scalar)", {-2, 2}, [](auto& x) { return clamp_max(x, 0.7) + x; });
  t.unary("clamp_min(Tensor, Tensor)", {-2, 2}, [](auto& x) { return clamp_min(x, -0.5 * x) * x; });
  t.unary("clamp_max(Tensor, Tensor)", {-2, 2}, [](auto& x) { return clamp_max(x, 0.5 * x) * x; });
  t.unary(
      clamps, {-2, 2}, [](auto& x) { return clamp(x, -0.5 * x, 0.7) * x; }, "a tensor and a number");
  t.unary(
      clamps, {-2, 2}, [](auto& x) { return clamp(x, -0.5, 0.5 * x) * x; }, "a number and a tensor");
  const Tensors bounded{random({4, 5}), random({5}, {-1.5, 0.5}, 1), random({4, 1}, {0, 1.5}, 2)};
  t.add(clamps, "tensors", bounded,
        [](auto& in) { return square(clamp(in[0], in[1], in[2])) + in[0] + in[1] + in[2]; });

  t.at("exp(Tensor)", {-80, -30, 0, 30, 80}, [](auto& x) { return exp(x); });
  t.at("expm1(Tensor)", {-1e-8, 0, 1e-8, 30}, [](auto& x) { return expm1(x); });
  t.at("log(Tensor)", {0.05, 1, 1e30}, [](auto& x) { return log(x); });
  t.at("log1p(Tensor)", {-0.95, -1e-8, 0, 1e-8, 1e30}, [](auto& x) { return log1p(x); });
  t.at("sqrt(Tensor)", {0.05, 1e30}, [](auto& x) { return sqrt(x); });
  t.at("reciprocal(Tensor)", {0.05, 1e4}, [](auto& x) { return reciprocal(x); });
  t.at(
      "tanh(Tensor)", {-3, -1e-8, 0, 3}, [](auto& x) { return tanh(x); }, 1e-5);
  t.at(
      "sigmoid(Tensor)", {-80, -15, 0, 7}, [](auto& x) { return sigmoid(x); }, 1e-5);
  t.at("softplus(Tensor, Scalar)", {-80, -15, 0, 80, 1e4}, [](auto& x) { return softplus(x); });
  t.at("gelu(Tensor, Gelu)", {-7, -5, 0, 5, 80}, exact);
  t.at("gelu(Tensor, Gelu)", {-4, 0, 4, 80}, by_tanh);
  t.at("silu(Tensor)", {-80, -15, 0, 80}, [](auto& x) { return silu(x); });
  // Their second derivatives contain 1 - sigmoid(15), whose rounding error of 4e-10 makes their differences
  // uncertain.
  t.at("softplus(Tensor, Scalar)", {15}, [](auto& x) { return softplus(x); }).order = 2;
  t.at("silu(Tensor)", {15}, [](auto& x) { return silu(x); }).order = 2;

  t.kink("relu(Tensor)", "a kink", {leaf({0, 1}, {2})}, [](auto& in) { return relu(in[0]); });
  t.kink("abs(Tensor)", "a kink", {leaf({0, 1}, {2})}, [](auto& in) { return abs(in[0]); });
  t.kink(clamps, "a kink", {leaf({-0.5, 1}, {2})}, [](auto& in) { return clamp(in[0], -0.5, 5); });
}

}  // namespace gradus::checks
