// Derivatives of elementwise ops beyond the second.
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>
#include <gradus/autograd/ops/pointwise.h>

#include "catch.h"
#include "derivatives_reference.h"

namespace gradus::autograd_high_order_test {

using Function = std::function<Tensor(const Tensor&)>;

namespace {

Tensor leaf(double v, DType dtype = DType::f64) { return Tensor::full({1}, v, dtype).set_requires_grad(); }
double number(const Tensor& t) { return to(t.detach(), DType::f64).to_vector<double>()[0]; }

/// The derivative of sum(y) by x, itself differentiable.
Tensor derivative(const Tensor& y, const Tensor& x) {
  if (!y.requires_grad()) return Tensor::zeros(x.shape(), x.dtype());
  const Tensor g = grad({sum(y)}, {x}, {.create_graph = true, .allow_unused = true})[0];
  return g.defined() ? g : Tensor::zeros(x.shape(), x.dtype());
}

/// f and its derivatives 1 to n at v.
std::vector<double> derivatives(const Function& f, double v, int n, DType dtype = DType::f64) {
  const Tensor x = leaf(v, dtype);
  Tensor y = f(x);
  std::vector<double> found{number(y)};
  for (int order = 1; order <= n; ++order) {
    y = derivative(y, x);
    found.push_back(number(y));
  }
  return found;
}

Tensor swish(const Tensor& x) {
  return pointwise("swish", x, [](auto v) { return v * sigmoid(v); });
}
Tensor bump(const Tensor& x) {
  return pointwise("bump", x, [](auto v) { return softplus(v) / (1 + v * v); });
}

const std::map<std::string, Function>& functions() {
  static const std::map<std::string, Function> all{
      {"tanh", [](auto& x) { return tanh(x); }},
      {"exp", [](auto& x) { return exp(x); }},
      {"expm1", [](auto& x) { return expm1(x); }},
      {"log", [](auto& x) { return log(x); }},
      {"log1p", [](auto& x) { return log1p(x); }},
      {"sigmoid", [](auto& x) { return sigmoid(x); }},
      {"sqrt", [](auto& x) { return sqrt(x); }},
      {"rsqrt", [](auto& x) { return rsqrt(x); }},
      {"reciprocal", [](auto& x) { return reciprocal(x); }},
      {"softplus", [](auto& x) { return softplus(x); }},
      {"gelu", [](auto& x) { return gelu(x); }},
      {"gelu by tanh", [](auto& x) { return gelu(x, Gelu::tanh); }},
      {"silu", [](auto& x) { return silu(x); }},
      {"erf", [](auto& x) { return erf(x); }},
      {"sin", [](auto& x) { return sin(x); }},
      {"cos", [](auto& x) { return cos(x); }},
      {"relu", [](auto& x) { return relu(x); }},
      {"abs", [](auto& x) { return abs(x); }},
      {"clamp", [](auto& x) { return clamp(x, -0.5, 0.5); }},
      {"leaky_relu", [](auto& x) { return leaky_relu(x); }},
      {"elu", [](auto& x) { return elu(x); }},
      {"celu", [](auto& x) { return celu(x, 0.5); }},
      {"selu", [](auto& x) { return selu(x); }},
      {"mish", [](auto& x) { return mish(x); }},
      {"log_sigmoid", [](auto& x) { return log_sigmoid(x); }},
      {"hardtanh", [](auto& x) { return hardtanh(x); }},
      {"hardsigmoid", [](auto& x) { return hardsigmoid(x); }},
      {"hardswish", [](auto& x) { return hardswish(x); }},
      {"pow(x, 2.5)", [](auto& x) { return pow(x, 2.5); }},
      {"a user's swish", swish},
      {"a user's softplus(x) / (1 + x²)", bump},
  };
  return all;
}

}  // namespace

TEST_CASE("derivatives 1 to 6 of functions equal closed forms to 1e-9") {
  for (const reference::Row& row : reference::rows) {
    const std::vector<double> found = derivatives(functions().at(row.function), row.x, 6);
    for (std::size_t order = 1; order <= 6; ++order) {
      INFO(row.function << " at " << row.x << ", order " << order);
      CHECK(found[order] == Approx(row.derivatives[order - 1]).epsilon(1e-9));
    }
  }
}

TEST_CASE("derivatives of pow(x, y) by x and y equal closed forms to 1e-9") {
  for (const reference::PowRow& row : reference::pow_rows) {
    const Tensor x = leaf(row.x), y = leaf(row.y);
    Tensor d = pow(x, y);
    for (int i = 0; i < row.in_x; ++i) d = derivative(d, x);
    for (int i = 0; i < row.in_y; ++i) d = derivative(d, y);
    INFO("pow(" << row.x << ", " << row.y << "), " << row.in_x << " times by x and " << row.in_y << " by y");
    CHECK(number(d) == Approx(row.derivative).epsilon(1e-9));
  }
}

TEST_CASE("third derivatives in f32 equal those in f64") {
  for (const reference::Row& row : reference::rows) {
    const double found = derivatives(functions().at(row.function), row.x, 3, DType::f32)[3];
    INFO(row.function << " at " << row.x);
    CHECK(found == Approx(row.derivatives[2]).epsilon(1e-4).margin(1e-5));
  }
}

TEST_CASE("higher derivatives at infinities and large arguments are the limits, not NaN") {
  for (const char* name :
       {"tanh", "sigmoid", "softplus", "silu", "gelu", "gelu by tanh", "relu", "abs", "clamp", "leaky_relu", "elu",
        "celu", "selu", "mish", "log_sigmoid", "hardtanh", "hardsigmoid", "hardswish"}) {
    for (double v : {1e4, -1e4, 1e30, -1e30, HUGE_VAL, -HUGE_VAL}) {
      for (DType dtype : {DType::f32, DType::f64}) {
        const std::vector<double> found = derivatives(functions().at(name), v, 4, dtype);
        INFO(name << " at " << v);
        for (std::size_t order = 2; order <= 4; ++order) CHECK(found[order] == 0);
      }
    }
  }
  for (int order = 0; order <= 4; ++order) {
    const auto at = static_cast<std::size_t>(order);
    CHECK(derivatives(functions().at("exp"), -INFINITY, 4)[at] == 0);
    CHECK(derivatives(functions().at("reciprocal"), INFINITY, 4)[at] == 0);
  }
}

TEST_CASE("higher derivatives of pow at 0 are exact") {
  const auto at_zero = [](double exponent) {
    return derivatives([exponent](auto& x) { return pow(x, Tensor::scalar(exponent, x.dtype())); }, 0, 4);
  };
  CHECK(at_zero(0) == std::vector<double>{1, 0, 0, 0, 0});
  CHECK(at_zero(1) == std::vector<double>{0, 1, 0, 0, 0});
  CHECK(at_zero(2) == std::vector<double>{0, 0, 2, 0, 0});
  CHECK(at_zero(3) == std::vector<double>{0, 0, 0, 6, 0});
  CHECK(at_zero(4) == std::vector<double>{0, 0, 0, 0, 24});
  // The derivatives by the exponent are 0.
  const Tensor x = leaf(0), y = leaf(2);
  CHECK(number(derivative(derivative(derivative(pow(x, y), y), y), y)) == 0);
}

TEST_CASE("conditions in formulas apply to each element at every order") {
  // 2 x³ below 1, x⁴ from 1 on; the other branch is infinite or NaN at some elements.
  const Function piecewise = [](const Tensor& x) {
    return pointwise("piecewise", x, [](auto v) {
      using S = decltype(v);
      const auto low = v < 1.0 && !(v >= 1.0);
      return where(low || value_of(v) < 1, 2 * v * v * v, pow(max(v, S(0)), S(4.0))) +
             where(v > 100, log(v - 1.5), 0.0);
    });
  };
  const Tensor x = Tensor::from<double>({-2, 0.5, 1, 3}, {4}).set_requires_grad();
  const Tensor first = derivative(piecewise(x), x), second = derivative(first, x), third = derivative(second, x),
               fourth = derivative(third, x);
  CHECK(first.to_vector<double>() == std::vector<double>{24, 1.5, 4, 108});
  CHECK(second.to_vector<double>() == std::vector<double>{-24, 6, 12, 108});
  CHECK(third.to_vector<double>() == std::vector<double>{12, 12, 24, 72});
  CHECK(fourth.to_vector<double>() == std::vector<double>{0, 0, 24, 24});
}

TEST_CASE("constant_of is a constant at every order") {
  const Function f = [](const Tensor& x) {
    return pointwise("frozen", x, [](auto v) { return constant_of(v) * v * v; });
  };
  const std::vector<double> found = derivatives(f, 3, 3);
  CHECK(found == std::vector<double>{27, 18, 6, 0});
}

TEST_CASE("minimum, maximum and abs of powers have the higher derivatives of the chosen branch") {
  const Tensor x = Tensor::from<double>({-2, 3}, {2}).set_requires_grad();
  const Tensor y = maximum(x * x * x, x * x) + minimum(x, x * x * x * x) + abs(x * x * x);
  Tensor d = y;
  for (int order = 0; order < 3; ++order) d = derivative(d, x);
  CHECK(d.to_vector<double>() == std::vector<double>{-6, 12});
}

TEST_CASE("mixed derivatives of a formula of two inputs broadcast") {
  const Tensor a = Tensor::uniform({300, 1}, 0.5, 2, Philox(1, 1), DType::f64).set_requires_grad(),
               b = Tensor::uniform({7}, 0.5, 2, Philox(1, 2), DType::f64).set_requires_grad();
  const Tensor y = pointwise("product", a, b, [](auto x, auto z) { return sin(x) * exp(z); });
  const Tensor d = derivative(derivative(derivative(y, a), b), a);  // -sin(a) exp(b), summed over b
  CHECK(d.shape() == a.shape());
  const Tensor want = -sin(a) * sum(exp(b));
  for (Index i = 0; i < d.numel(); ++i) CHECK(d.data<double>()[i] == Approx(want.data<double>()[i]).epsilon(1e-12));
}

TEST_CASE("given slopes are differentiated at all orders") {
  const Tensor x = leaf(0.7), z = leaf(-0.4);
  const auto cube = [](auto v, auto) { return 3 * v * v; };
  const Tensor y = pointwise(
      "cube", x, z, [](auto v, auto w) { return v * v * v + w * w; }, cube, [](auto, auto w) { return 2 * w; });
  CHECK(number(derivative(derivative(derivative(y, x), x), x)) == Approx(6));
  CHECK(number(derivative(derivative(y, z), z)) == Approx(2));
  const Tensor e = pointwise(
      "exponential", x, [](auto v) { return exp(v); }, of_result([](auto r) { return r; }));
  CHECK(number(derivative(derivative(derivative(e, x), x), x)) == Approx(std::exp(0.7)).epsilon(1e-14));
}

TEST_CASE("a formula may own values that a later derivative needs") {
  Tensor d;
  const Tensor x = leaf(2);
  {
    const std::vector<double> coefficients{1, 2, 3, 4};
    d = pointwise("polynomial", x, [coefficients](auto v) {
      decltype(v) sum(0);
      for (std::size_t i = coefficients.size(); i-- > 0;) sum = sum * v + coefficients[i];
      return sum;
    });
  }
  CHECK(number(d) == 49);
  for (double want : {62.0, 54.0, 24.0, 0.0}) {
    d = derivative(d, x);
    CHECK(number(d) == want);
  }
}

}  // namespace gradus::autograd_high_order_test
