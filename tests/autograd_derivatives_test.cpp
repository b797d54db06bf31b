// jvp, hvp, jacobian and hessian against closed forms, in f64.
#include <cmath>

#include <gradus/autograd/autograd.h>

#include "catch.h"
#include "leaf.h"

namespace gradus::autograd_derivatives_test {

using Catch::Matchers::ContainsSubstring;

namespace {

Tensor vector(const std::vector<double>& values) { return Tensor::from(values, {std::ssize(values)}); }

void check(const Tensor& found, const Tensor& expected) {
  REQUIRE(found.shape() == expected.shape());
  const auto a = found.to_vector<double>(), b = expected.to_vector<double>();
  for (std::size_t i = 0; i < a.size(); ++i) {
    CAPTURE(i);
    CHECK(a[i] == Approx(b[i]).epsilon(1e-13).margin(1e-13));
  }
}

Tensor diagonal_matrix(const Tensor& x) {
  Tensor matrix = Tensor::zeros({x.numel(), x.numel()}, DType::f64);
  for (Index i = 0; i < x.numel(); ++i) matrix.mutable_data<double>()[i * (x.numel() + 1)] = x.data<double>()[i];
  return matrix;
}

const std::vector<double> point = {0.3, -0.7, 1.1}, direction = {1, 2, -0.5};

Tensor cubes(const Tensor& x) { return sum(x * x * x); }
Tensor product(const std::vector<Tensor>& in) { return sum(in[0] * in[0] * in[1]); }

}  // namespace

TEST_CASE("a jvp is the derivative in a direction") {
  const Tensor x = vector(point), v = vector(direction);
  const ValueAndProduct found = jvp([](const Tensor& t) { return exp(t) * t; }, x, v);
  check(found.value, exp(x) * x);
  check(found.product, exp(x) * (x + 1) * v);
  CHECK_FALSE(found.product.requires_grad());
  CHECK_FALSE(found.value.requires_grad());

  const Tensor a = Tensor::from(std::vector<double>{1, 2, 3, 4, 5, 6}, {2, 3});
  check(jvp([&](const Tensor& t) { return reshape(matmul(a, unsqueeze(t, 1)), {2}); }, x, v).product,
        vector({1 + 4 - 1.5, 4 + 10 - 3}));
  check(jvp([](const std::vector<Tensor>& in) { return in[0] * in[1]; }, {x, v}, {v, x}).product, v * v + x * x);
}

TEST_CASE("an hvp is the product of the Hessian and a vector") {
  const Tensor x = vector(point), v = vector(direction);
  const ValueAndProduct found = hvp(cubes, x, v);
  CHECK(found.value.item() == Approx(cubes(x).item()));
  check(found.product, 6.0 * x * v);
  const ValueAndProducts several = hvp(product, {x, v}, {v, x});
  check(several.products[0], 2.0 * v * v + 2.0 * x * x);
  check(several.products[1], 2.0 * x * v);
}

TEST_CASE("a Jacobian has all first derivatives, with the axes of the value before those of the input") {
  const Tensor x = vector(point);
  check(jacobian([](const Tensor& t) { return exp(t); }, x), diagonal_matrix(exp(x)));
  check(jacobian([](const Tensor& t) { return t; }, x), diagonal_matrix(Tensor::ones({3}, DType::f64)));
  const Tensor a = Tensor::from(std::vector<double>{1, 2, 3, 4, 5, 6}, {2, 3});
  const Tensor by_matrix = jacobian([&](const Tensor& m) { return matmul(m, unsqueeze(x, 1)); }, a);
  CHECK(by_matrix.shape() == Shape{2, 1, 2, 3});
  check(select(select(by_matrix, 0, 1), 1, 1), unsqueeze(x, 0));
  check(jacobian(cubes, x), 3.0 * x * x);
  const auto several = jacobian([](const std::vector<Tensor>& in) { return in[0] * in[1]; }, {x, exp(x)});
  check(several[0], diagonal_matrix(exp(x)));
  check(several[1], diagonal_matrix(x));
  CHECK(jacobian([](const Tensor& t) { return narrow(t, 0, 0, 0); }, x).shape() == Shape{0, 3});
}

TEST_CASE("a Hessian has all second derivatives") {
  const Tensor x = vector(point), y = vector(direction);
  check(hessian(cubes, x), diagonal_matrix(6.0 * x));
  const Tensor a = Tensor::from(std::vector<double>{2, 1, 1, 3}, {2, 2});
  const auto quadratic = [&](const Tensor& m) { return sum(m * matmul(a, m)); };
  const Tensor of_matrix = hessian(quadratic, Tensor::ones({2, 1}, DType::f64));
  CHECK(of_matrix.shape() == Shape{2, 1, 2, 1});
  check(reshape(of_matrix, {2, 2}), 2.0 * a);
  const auto several = hessian(product, {x, y});
  check(several[0][0], diagonal_matrix(2.0 * y));
  check(several[0][1], diagonal_matrix(2.0 * x));
  check(several[1][0], diagonal_matrix(2.0 * x));
  check(several[1][1], Tensor::zeros({3, 3}, DType::f64));
}

TEST_CASE("results can be differentiated with create_graph") {
  const Tensor x = leaf(point), v = vector(direction);
  const Tensor product = jvp([](const Tensor& t) { return exp(t) * t; }, x, v, {.create_graph = true}).product;
  check(grad({sum(product)}, {x})[0], exp(x) * (x + 2) * v);
  check(grad({sum(hvp(cubes, x, v, {.create_graph = true}).product)}, {x})[0], 6.0 * v);
  check(grad({sum(hessian(cubes, x, {.create_graph = true}))}, {x})[0], Tensor::full({3}, 6, DType::f64));
  check(grad({sum(jacobian([](const Tensor& t) { return exp(t); }, x, {.create_graph = true}))}, {x})[0], exp(x));
  const Tensor twice = 2.0 * x;  // an input that is itself the result of an op
  check(grad({sum(jacobian(cubes, twice, {.create_graph = true}))}, {x})[0], 24.0 * x);
}

TEST_CASE("functions that use no input, or are linear, have derivatives of zero") {
  const Tensor x = vector(point), v = vector(direction), zero = Tensor::zeros({3}, DType::f64);
  const auto constant = [](const Tensor&) { return Tensor::scalar(2, DType::f64); };
  CHECK(jvp(constant, x, v).product.item() == 0);
  check(hvp(constant, x, v).product, zero);
  check(jacobian(constant, x), zero);
  check(hessian(constant, x), diagonal_matrix(zero));
  const auto linear = [](const Tensor& t) { return sum(2.0 * t); };
  check(hvp(linear, x, v).product, zero);
  check(hessian(linear, x), diagonal_matrix(zero));
  CHECK(jvp(linear, x, v).product.item() == 5);
}

TEST_CASE("derivatives of functions leave gradients alone and work under NoGrad") {
  const Tensor x = leaf(point), scale = leaf({2, 2, 2}), v = vector(direction);
  const auto f = [&](const Tensor& t) { return sum(scale * t * t); };
  {
    const NoGrad guard;
    check(hvp(f, x, v).product, 4.0 * v);
    CHECK_FALSE(grad_enabled());
  }
  check(jacobian(f, x), 4.0 * x.detach());
  // Only the argument counts: x outside of it is a constant.
  check(jvp([&](const Tensor& t) { return x * t; }, x, v).product, x.detach() * v);
  CHECK_FALSE(x.grad().defined());
  CHECK_FALSE(scale.grad().defined());
}

TEST_CASE("wrong calls of derivatives of functions are refused at the caller's line") {
  const Tensor x = vector(point), v = vector(direction);
  const auto here = ContainsSubstring("autograd_derivatives_test.cpp");
  const auto same = [](const Tensor& t) { return t; };
  CHECK_THROWS_WITH(hvp(same, x, v),
                    here && ContainsSubstring("hvp: the function returned f64 [3], expected one element"));
  CHECK_THROWS_WITH(hessian(same, x),
                    here && ContainsSubstring("hessian: the function returned f64 [3], expected one"));
  CHECK_THROWS_WITH(
      jvp(same, x, vector({1})),
      here && ContainsSubstring("jvp: the vector f64 [1] does not have the shape and dtype of the input"));
  CHECK_THROWS_WITH(jvp(same, x, Tensor::ones({3})), here && ContainsSubstring("the vector f32 [3]"));
  CHECK_THROWS_WITH(jvp(same, x, Tensor()), here && ContainsSubstring("the vector an undefined tensor"));
  CHECK_THROWS_WITH(hvp(product, {x, v}, {x}), here && ContainsSubstring("hvp: 1 vectors for 2 inputs"));
  CHECK_THROWS_WITH(jacobian(product, {}), here && ContainsSubstring("jacobian: there are no inputs"));
  CHECK_THROWS_WITH(jacobian(same, Tensor::arange(3)), here && ContainsSubstring("no derivative by i64 [3]"));
  CHECK_THROWS_WITH(jacobian(same, Tensor()), here && ContainsSubstring("no derivative by an undefined tensor"));
  CHECK_THROWS_WITH(jacobian([](const Tensor&) { return Tensor::arange(2); }, x),
                    here && ContainsSubstring("jacobian: the function returned i64 [2], which has no derivative"));
  CHECK_THROWS_WITH(jacobian(std::function<Tensor(const Tensor&)>(), x),
                    here && ContainsSubstring("the function is empty"));
  CHECK_THROWS_WITH(jacobian(same, Tensor::zeros({1, 1, 1, 1, 1}, DType::f64)),
                    here && ContainsSubstring("more than 8 axes"));
}

}  // namespace gradus::autograd_derivatives_test
