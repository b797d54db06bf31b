// Fixed bugs, one test per bug.
#include <cmath>

#include <gradus/autograd/checks/anomaly.h>
#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/engine/recompute.h>
#include <gradus/autograd/engine/record.h>
#include <gradus/autograd/foundation/math.h>
#include <gradus/autograd/ops.h>
#include <gradus/autograd/ops/pointwise.h>

#include "catch.h"

namespace gradus::autograd_regressions_test {

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

TEST_CASE("regression: gelu of negative numbers lost digits in 1 + erf(x)") {
  // x * Phi(x), from mpmath.
  const double expected[][2] = {{-2, -0.0455002638963584144},
                                {-5, -1.43325785939596956e-6},
                                {-7, -8.95868780720084503e-12},
                                {-12, -2.1317785344932148e-32}};
  for (const auto& [x, y] : expected) {
    CHECK(gelu(Tensor::scalar(x, DType::f64)).item() == Approx(y).epsilon(1e-13));
    CHECK(gelu(Tensor::scalar(x, DType::f32)).item() == Approx(y).epsilon(3e-7));
  }
  // The form with tanh, x * sigmoid(2u).
  CHECK(gelu(Tensor::scalar(-5, DType::f64), Gelu::tanh).item() == Approx(-2.29179619662950605e-7).epsilon(1e-13));
  double worst = 0;
  for (float x = -13; x < 13; x += 0.00137f) {
    const double truth = 0.5 * std::erfc(-x * 0.70710678118654752);
    worst = std::max(worst,
                     std::fabs(math::normal_cdf(x) - truth) / std::ldexp(1.0, std::max(std::ilogb(truth), -126) - 23));
  }
  CHECK(worst < 0.7);
}

TEST_CASE("regression: gelu lost digits where the normal distribution is subnormal") {
  const float x = -13.2f;  // the distribution is 4.4e-40
  CHECK(gelu(Tensor::scalar(x)).item() == Approx(x * 0.5 * std::erfc(-x / std::sqrt(2.0))).epsilon(3e-7));
}

TEST_CASE("regression: gelu and silu of infinities were NaN") {
  for (DType t : {DType::f32, DType::f64}) {
    for (int kind = 0; kind < 3; ++kind) {
      const Tensor x = to(Tensor::from<double>({-INFINITY, INFINITY, -1e30, 1e30}, {4}), t).set_requires_grad();
      const Tensor y = kind == 0 ? gelu(x) : kind == 1 ? gelu(x, Gelu::tanh) : silu(x);
      CHECK(to(y, DType::f64).to_vector<double>() ==
            std::vector<double>{0, INFINITY, 0, to(x, DType::f64).to_vector<double>()[3]});
      sum(y).backward();
      CHECK(to(x.grad(), DType::f64).to_vector<double>() == std::vector<double>{0, 1, 0, 1});
    }
  }
}

TEST_CASE("regression: the gradient of pow's exponent was NaN for base 0 and an exponent below 1") {
  const Tensor a = Tensor::from<double>({0, 0}, {2}).set_requires_grad(),
               b = Tensor::from<double>({0.5, 2}, {2}).set_requires_grad();
  sum(pow(a, b)).backward();
  CHECK(a.grad().to_vector<double>() == std::vector<double>{INFINITY, 0});
  CHECK(b.grad().to_vector<double>() == std::vector<double>{0, 0});
}

TEST_CASE("regression: logsumexp over an infinity was NaN") {
  CHECK(logsumexp(Tensor::from<double>({INFINITY, 1}, {2}), 0).item() == INFINITY);
  CHECK(std::isnan(logsumexp(Tensor::from<double>({INFINITY, NAN}, {2}), 0).item()));
}

TEST_CASE("regression: gradients of two leaves and the seed shared their bytes") {
  const Tensor a = Tensor::ones({2}).set_requires_grad(), b = Tensor::ones({2}).set_requires_grad(),
               seed = Tensor::ones({2});
  (a + b).backward({.seed = seed});
  a.grad().mutable_data<float>()[0] = 100;
  CHECK(b.grad().to_vector<float>() == std::vector<float>{1, 1});
  CHECK(seed.to_vector<float>() == std::vector<float>{1, 1});
}

TEST_CASE("regression: a hook on a parameter used inside checkpoint ran on parts of its gradient") {
  const Tensor x = Tensor::full({1}, 3).set_requires_grad(), w = Tensor::full({1}, 2).set_requires_grad();
  int calls = 0;
  Tensor(w).register_hook([&](const Tensor& g) {
    ++calls;
    return g * 10.0;
  });
  const Tensor y = checkpoint([&](const std::vector<Tensor>& in) { return in[0] * w; }, {x});
  y.backward();
  CHECK(calls == 1);
  CHECK(w.grad().item() == 10 * 3);
  CHECK(x.grad().item() == 2);
}

TEST_CASE("regression: with create_graph, checkpoint counted a path twice if one input depends on another") {
  const Tensor x = Tensor::full({1}, 3, DType::f64).set_requires_grad();
  const Tensor square_of_x = x * x;
  const Tensor y = checkpoint([](const std::vector<Tensor>& in) { return in[0] * in[1]; }, {x, square_of_x});
  const Tensor first = grad({y}, {x}, {.create_graph = true})[0];
  CHECK(first.item() == 27);
  CHECK(grad({first}, {x})[0].item() == 18);
}

TEST_CASE("regression: backward of an op crashed when an input after the 64th needed no gradient") {
  for (const bool anomaly : {false, true}) {
    const DetectAnomaly detect(anomaly);
    std::vector<Tensor> xs;
    for (int i = 0; i < 70; ++i) xs.push_back(Tensor::ones({1}));
    xs[3].set_requires_grad();
    xs[68].set_requires_grad();
    int hooked = 0;
    Tensor unwanted = exp(xs[68]);
    unwanted.register_hook([&](const Tensor&) {
      ++hooked;
      return Tensor();
    });
    xs[67] = unwanted;
    const Tensor y = sum(concat(xs, 0));
    CHECK(grad({y}, {xs[3]}, {.retain_graph = true})[0].item() == 1);
    CHECK(hooked == 0);
    y.backward();
    CHECK(xs[3].grad().item() == 1);
    CHECK(xs[68].grad().item() == Approx(1 + std::exp(1.0)));
  }
}

TEST_CASE("regression: a checkpoint lost the gradients of weights used under DetectAnomaly or inside a rule") {
  const Tensor x = Tensor::from<double>({0.5, 1.5}, {2}).set_requires_grad(),
               w = Tensor::from<double>({2, 3}, {2}).set_requires_grad();
  const auto product = [&](const std::vector<Tensor>& in) { return sum(mul(exp(in[0]), w)); };
  const TensorFunction functions[] = {
      [&](const std::vector<Tensor>& in) {
        const DetectAnomaly detect;
        return product(in);
      },
      [&](const std::vector<Tensor>& in) {
        const DetectAnomaly off(false);
        return product(in);
      },
      [&](const std::vector<Tensor>& in) {
        const Tensor g = grad({product(in)}, {in[0]}, {.create_graph = true})[0];
        return sum(mul(g, g));
      },
  };
  for (const TensorFunction& f : functions)
    CHECK(grad({checkpoint(f, {x})}, {w})[0].to_vector<double>() == grad({f({x})}, {w})[0].to_vector<double>());
}

TEST_CASE("regression: the mixed derivative of pow at an exponent of 0 depended on the order of its variables") {
  // d/dy d/dx x^y = x^(y-1) (1 + y log x)
  const Tensor x = Tensor::from<double>({0.5, 4}, {2}).set_requires_grad(),
               y = Tensor::from<double>({0, 0}, {2}).set_requires_grad();
  for (const auto& [first, second] : {std::pair(x, y), std::pair(y, x)}) {
    const Tensor d = grad({sum(pow(x, y))}, {first}, {.create_graph = true})[0];
    CHECK(grad({sum(d)}, {second})[0].to_vector<double>() == std::vector<double>{2, 0.25});
  }
}

TEST_CASE("regression: Gradients kept the products of a run that threw beyond a restart") {
  const Tensor x = Tensor::from<double>({1, 2}, {1, 2}),
               w = Tensor::from<double>({1, 2, 3, 4}, {2, 2}).set_requires_grad();
  const auto loss = [&](bool throws) {
    const Tensor value = Tensor::ones({1, 2}, DType::f64);
    const Tensor late = record("late", value, {w}, [throws, x](const Tensor&) {
      if (throws) throw std::runtime_error("late");
      return Grads{Gradient()};
    });
    const Tensor early = record("early", value, {w, late}, [x](const Tensor& dy) {
      return Grads{Gradient::rows_product(x, dy), dy};
    });
    return sum(early);
  };
  Gradients gradients;
  gradients.bind(w, Tensor::zeros({2, 2}, DType::f64));
  CHECK_THROWS_AS(backward(loss(true), {.into = &gradients}), std::runtime_error);
  gradients.restart();
  backward(loss(false), {.into = &gradients});
  CHECK(gradients.of(w).to_vector<double>() == std::vector<double>{1, 2, 1, 2});
}

TEST_CASE("regression: mixed derivatives of pow at a base below 0 depended on the order of its variables") {
  const Tensor x = Tensor::from<double>({-2, -0.5, 0}, {3}).set_requires_grad(),
               y = Tensor::from<double>({2, -1, 2}, {3}).set_requires_grad();
  for (const auto& [first, second] : {std::pair(x, y), std::pair(y, x)}) {
    const Tensor d = grad({sum(pow(x, y))}, {first}, {.create_graph = true})[0];
    CHECK(grad({sum(d)}, {second})[0].to_vector<double>() == std::vector<double>{0, 0, 0});
  }
}

TEST_CASE("regression: formulas with expm1 lost the digits of small derivatives") {
  const Tensor x = Tensor::from<double>({-50, -10, -1}, {3}).set_requires_grad();
  const Tensor formula = pointwise("elu", x, [](auto v) { return where(v > 0.0, v, expm1(v)); });
  for (const Tensor& y : {formula, expm1(x)}) {
    const Tensor d = grad({sum(y)}, {x}, {.create_graph = true})[0], d2 = grad({sum(d)}, {x})[0];
    for (std::size_t i = 0; i < 3; ++i) {
      const double expected = std::exp(x.data<double>()[i]);
      CHECK(d.data<double>()[i] == Approx(expected).epsilon(1e-12));
      CHECK(d2.data<double>()[i] == Approx(expected).epsilon(1e-12));
    }
  }
}

}  // namespace gradus::autograd_regressions_test
