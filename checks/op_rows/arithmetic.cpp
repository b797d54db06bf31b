#include <gradus/autograd/ops/arithmetic.h>

#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_arithmetic(Rows& t) {
  t.binary("add(Tensor, Tensor)", [](auto& a, auto& b) { return add(a, b); });
  t.binary("sub(Tensor, Tensor)", [](auto& a, auto& b) { return sub(a, b); });
  t.binary("mul(Tensor, Tensor)", [](auto& a, auto& b) { return mul(a, b); });
  t.binary("div(Tensor, Tensor)", "", {-2, 2}, {0.5, 2}, [](auto& a, auto& b) { return div(a, b); });
  t.binary("div(Tensor, Tensor)", "negative", {-2, 2}, {-2, -0.5}, [](auto& a, auto& b) { return div(a, b); });
  t.binary("operator+(Tensor, Tensor)", [](auto& a, auto& b) { return a + b; });
  t.binary("operator-(Tensor, Tensor)", [](auto& a, auto& b) { return a - b; });
  t.binary("operator*(Tensor, Tensor)", [](auto& a, auto& b) { return a * b; });
  t.binary("operator/(Tensor, Tensor)", "", {-2, 2}, {0.5, 2}, [](auto& a, auto& b) { return a / b; });
  t.binary("add_scaled(Tensor, Tensor, Scalar)", [](auto& a, auto& b) { return add_scaled(a, b, -0.7); });
  t.binary("minimum(Tensor, Tensor)", [](auto& a, auto& b) { return minimum(a, b) + a * 0.3 + b * 0.1; });
  t.binary("maximum(Tensor, Tensor)", [](auto& a, auto& b) { return maximum(a, b) + a * 0.3 + b * 0.1; });
  t.binary("pow(Tensor, Tensor)", "", {0.3, 2}, {-2, 2}, [](auto& a, auto& b) { return pow(a, b); });
  t.unary("add(Tensor, Scalar)", {-2, 2}, [](auto& x) { return add(x, 0.3); });
  t.unary("add(Scalar, Tensor)", {-2, 2}, [](auto& x) { return add(0.3, x); });
  t.unary("sub(Tensor, Scalar)", {-2, 2}, [](auto& x) { return sub(x, 0.3); });
  t.unary("sub(Scalar, Tensor)", {-2, 2}, [](auto& x) { return sub(0.3, x); });
  t.unary("mul(Tensor, Scalar)", {-2, 2}, [](auto& x) { return mul(x, -0.3); });
  t.unary("mul(Scalar, Tensor)", {-2, 2}, [](auto& x) { return mul(-0.3, x); });
  t.unary("div(Tensor, Scalar)", {-2, 2}, [](auto& x) { return div(x, -0.3); });
  t.unary("div(Scalar, Tensor)", {0.3, 2}, [](auto& x) { return div(-0.3, x); });
  t.unary("minimum(Tensor, Scalar)", {-2, 2}, [](auto& x) { return minimum(x, 0.3) + x; });
  t.unary("minimum(Scalar, Tensor)", {-2, 2}, [](auto& x) { return minimum(0.3, x) + x; });
  t.unary("maximum(Tensor, Scalar)", {-2, 2}, [](auto& x) { return maximum(x, 0.3) + x; });
  t.unary("maximum(Scalar, Tensor)", {-2, 2}, [](auto& x) { return maximum(0.3, x) + x; });
  t.unary("pow(Scalar, Tensor)", {-2, 2}, [](auto& x) { return pow(1.7, x); });
  t.unary("neg(Tensor)", {-2, 2}, [](auto& x) { return neg(x); });
  t.unary("operator-(Tensor)", {-2, 2}, [](auto& x) { return -x; });
  t.unary("operator+(Tensor, Scalar)", {-2, 2}, [](auto& x) { return x + 0.3; });
  t.unary("operator-(Tensor, Scalar)", {-2, 2}, [](auto& x) { return x - 0.3; });
  t.unary("operator*(Tensor, Scalar)", {-2, 2}, [](auto& x) { return x * 0.3; });
  t.unary("operator/(Tensor, Scalar)", {-2, 2}, [](auto& x) { return x / 0.3; });
  t.unary("operator+(Scalar, Tensor)", {-2, 2}, [](auto& x) { return 0.3 + x; });
  t.unary("operator-(Scalar, Tensor)", {-2, 2}, [](auto& x) { return 0.3 - x; });
  t.unary("operator*(Scalar, Tensor)", {-2, 2}, [](auto& x) { return 0.3 * x; });
  t.unary("operator/(Scalar, Tensor)", {0.3, 2}, [](auto& x) { return 0.3 / x; });
  t.unary("square(Tensor)", {-2, 2}, [](auto& x) { return square(x); });
  for (double b : {3.0, 1.0, 2.0, -1.0, 0.5, -1.5, 2.5}) {
    const std::string what = "to the " + std::to_string(b);
    t.unary(
        "pow(Tensor, Scalar)", {0.3, 2}, [b](auto& x) { return pow(x, b); }, what);
  }
  t.unary(
      "pow(Tensor, Scalar)", {-2, -0.2}, [](auto& x) { return pow(x, 3.0); }, "of negative numbers");
  for (const Shape& shape : {Shape{2, 3}, {}, {1, 1}, {19}, {0, 3}})
    t.vacuous("pow(Tensor, Scalar)", "to the 0", {random(shape, {0.3, 2})}, [](auto& in) { return pow(in[0], 0.0); });
  const Tensor whole = mask({2, 3, -1, 0}, {4});
  t.add("pow(Tensor, Tensor)", "of negative numbers to whole ones", {leaf({-1.5, -0.4, -2, -3}, {4}), whole},
        [](auto& in) { return pow(in[0], in[1]); });
  const Tensors tie{leaf({1, 2}, {2}), leaf({1, 3}, {2})};
  t.kink("maximum(Tensor, Tensor)", "a tie", tie, [](auto& in) { return maximum(in[0], in[1]); });
  t.kink("minimum(Tensor, Tensor)", "a tie", tie, [](auto& in) { return minimum(in[0], in[1]); });
  t.kink("maximum(Tensor, Scalar)", "a tie", {leaf({1, 2}, {2})}, [](auto& in) { return maximum(in[0], 1); });
  t.kink("minimum(Scalar, Tensor)", "a tie", {leaf({1, 2}, {2})}, [](auto& in) { return minimum(2, in[0]); });
}

}  // namespace gradus::checks
