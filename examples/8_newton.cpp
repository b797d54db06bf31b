// Newton's method with products of the Hessian and a vector: logistic regression in a few steps.
// Build: cmake --preset release && cmake --build --preset release --target example_8_newton
// Run:   build/release/examples/8_newton
//
// Each step solves H p = gradient by conjugate gradients (Hestenes & Stiefel 1952), which need H only as a product with
// a vector. `hvp` computes that product without H.
#include <cmath>
#include <cstdio>

#include <gradus/autograd/autograd.h>

using namespace gradus;

double dot(const Tensor& a, const Tensor& b) { return sum(a * b).item(); }

// p with H p = b, for a positive definite H.
template <class Product>
Tensor conjugate_gradients(const Product& h, const Tensor& b, int steps) {
  Tensor p = Tensor::zeros(b.shape(), b.dtype()), residual = b, direction = b;
  double square = dot(residual, residual);
  for (int i = 0; i < steps && square > 1e-30; ++i) {
    const Tensor image = h(direction);
    const double length = square / dot(direction, image);
    p = p + length * direction;
    residual = residual - length * image;
    const double next = dot(residual, residual);
    direction = residual + (next / square) * direction;
    square = next;
  }
  return p;
}

int main() {
  constexpr Index rows = 200, features = 10;
  const Tensor x = Tensor::normal({rows, features}, 0, 1, Philox(/*seed=*/1, 0), DType::f64);
  const Tensor noise = Tensor::normal({rows, 1}, 0, 1, Philox(1, 1), DType::f64);
  const Tensor truth = Tensor::normal({features, 1}, 0, 1, Philox(1, 2), DType::f64);
  const Tensor label = to(greater(matmul(x, truth) + noise, 0), DType::f64);  // 0 or 1

  // The mean of log(1 + exp(z)) - label z, and a small penalty.
  const auto loss = [&](const Tensor& weight) {
    const Tensor z = matmul(x, weight);
    return mean(softplus(z) - label * z) + 1e-3 * sum(weight * weight);
  };
  Tensor weight = Tensor::zeros({features, 1}, DType::f64);
  double slope = 0;
  for (int step = 0; step < 8; ++step) {
    const Tensor gradient = jacobian(loss, weight);
    slope = std::sqrt(dot(gradient, gradient));
    std::printf("step %d: loss %.6f, norm of the gradient %.1e\n", step, loss(weight).item(), slope);
    weight = weight - conjugate_gradients([&](const Tensor& v) { return hvp(loss, weight, v).product; }, gradient, 20);
  }
  if (slope < 1e-10) return 0;
  std::fprintf(stderr, "expected a gradient of norm below 1e-10\n");
  return 1;
}
