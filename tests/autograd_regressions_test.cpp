// Bugs that were, each under its own name.
#include <cmath>

#include "autograd/graph.h"
#include "autograd/math.h"
#include "autograd/ops.h"
#include "tests/catch.h"

using namespace gradus;

TEST_CASE("regression: backward of a product over an empty inner axis threw") {
  for (const Shape& left : {Shape{2, 0}, Shape{2, 2, 0}}) {
    const Tensor a = Tensor::zeros(left).set_requires_grad(), w = Tensor::zeros({0, 3}).set_requires_grad();
    const Tensor y = matmul(a, w);
    CHECK(y.shape().back() == 3);
    CHECK(sum(y).item() == 0);
    sum(y).backward();
    CHECK(a.grad().shape() == a.shape());
    CHECK(w.grad().shape() == w.shape());
  }
}
