// The gradient check itself: its verdicts and its messages.
#include <atomic>
#include <cmath>

#include <gradus/autograd/checks/gradcheck.h>
#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/engine/record.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>
#include <gradus/autograd/ops/pointwise.h>
#include <gradus/nn/linear.h>

#include "catch.h"
#include "leaf.h"

namespace gradus::autograd_gradcheck_test {

using Catch::Matchers::ContainsSubstring;
using Tensors = std::vector<Tensor>;

namespace {

Tensor noise(const Shape& shape, std::uint64_t stream = 0) {
  return Tensor::normal(shape, 0, 1, Philox(7, stream), DType::f64).set_requires_grad();
}

// y = 2x with a rule for slope `slope`.
Tensor doubled(const Tensor& x, double slope) {
  const NoGrad guard;
  const Tensor y = mul(x, 2.0);
  const GradMode on(true);
  return record("doubled", y, {unread(x)}, [slope](const Tensor& dy) { return Grads{mul(dy, slope)}; });
}

}  // namespace

TEST_CASE("gradcheck confirms smooth functions to 1e-9") {
  const auto report = gradcheck([](const Tensors& in) { return exp(sin(in[0])) * tanh(in[1]) / (square(in[0]) + 1.0); },
                                {noise({3, 4}), noise({4}, 1)}, {.relative = 1e-9});
  INFO(to_string(report));
  CHECK(report.passed());
  CHECK(report.verdict == Verdict::pass);
  REQUIRE(report.inputs.size() == 2);
  CHECK(report.inputs[0].compared == 12 * 12);
  CHECK(report.inputs[1].compared == 4 * 12);
  CHECK(report.worst_relative() < 1e-9);
}

TEST_CASE("gradcheck of higher orders confirms smooth functions to 1e-9") {
  const auto f = [](const Tensors& in) { return exp(sin(in[0])) * tanh(in[1]) / (square(in[0]) + 1.0); };
  const auto second = gradcheck(f, {noise({3, 4}), noise({4}, 1)}, {.relative = 1e-9, .order = 2});
  INFO(to_string(second));
  CHECK(second.passed());
  CHECK(second.inputs.back().name == "seed");
  const auto third = gradcheck([](const Tensors& in) { return in[0] * square(in[0]) / (square(in[1]) + 1.0); },
                               {noise({2, 2}), noise({2}, 1)}, {.relative = 1e-9, .order = 3});
  INFO(to_string(third));
  CHECK(third.passed());
  REQUIRE(third.inputs.size() == 4);
  CHECK(third.inputs[2].name == "seed");
  CHECK(third.inputs[3].name == "seed 2");
  const auto fourth = gradcheck([](const Tensors& in) { return in[0] * square(in[0]) * in[0]; }, {noise({2})},
                                {.relative = 1e-9, .order = 4});
  INFO(to_string(fourth));
  CHECK(fourth.passed());
}

TEST_CASE("gradcheck refuses an order below 1") {
  CHECK_THROWS_WITH(gradcheck([](const Tensors& in) { return exp(in[0]); }, {noise({2})}, {.order = 0}),
                    ContainsSubstring("order is 0, expected 1 or more"));
}

TEST_CASE("gradcheck works for values of any size and near the edge of a domain") {
  for (double x : {1e-6, 3e-3, 0.7, 20.0, 3e4, 1e8}) {
    const auto report = gradcheck([](const Tensors& in) { return log(in[0]); }, {leaf({x}, {1})});
    INFO(x << "\n" << to_string(report));
    CHECK(report.passed());
  }
  CHECK(gradcheck([](const Tensors& in) { return exp(in[0]); }, {leaf({80.0, 79.0}, {2})}).passed());
  CHECK(gradcheck([](const Tensors& in) { return sin(in[0]); }, {leaf({1e4}, {1})}).passed());
}

TEST_CASE("gradcheck finds a wrong factor, a wrong sign and a missing gradient, and names the worst entry") {
  for (double slope : {-2.0, 2.0 + 1e-5, 0.0, std::nan("")}) {
    const auto report = gradcheck([slope](const Tensors& in) { return doubled(in[0], slope); }, {noise({2, 2})});
    INFO(to_string(report));
    CHECK_FALSE(report.passed());
    CHECK(report.verdict == Verdict::fail);
    CHECK(report.inputs[0].numeric == Approx(2.0));
  }
  const auto report = gradcheck(
      [&](const Tensors& in) {
        return sum(square(in[0])) + sum(mul(in[0].detach(), Tensor::from<double>({0, 1, 0}, {3})));
      },
      {noise({3}).set_name("memory.gate")});
  CHECK(report.verdict == Verdict::fail);
  CHECK(report.inputs[0].at == "d output[] / d memory.gate[1]");
  CHECK_THAT(to_string(report), ContainsSubstring("memory.gate"));
  CHECK_THAT(to_string(report), ContainsSubstring("backward and differences disagree"));
}

TEST_CASE("gradcheck distinguishes a cut graph from a constant function") {
  const auto cut = gradcheck([](const Tensors& in) { return exp(in[0].detach()); }, {noise({2})});
  CHECK(cut.verdict == Verdict::fail);
  CHECK_THAT(cut.inputs[0].why, ContainsSubstring("no graph"));
  const auto half_cut =
      gradcheck([](const Tensors& in) { return in[1] * exp(in[0].detach()); }, {noise({2}), noise({2})});
  CHECK(half_cut.inputs[0].verdict == Verdict::fail);
  CHECK(half_cut.inputs[1].verdict == Verdict::pass);
  CHECK_THAT(half_cut.inputs[0].why, ContainsSubstring("backward gives it no gradient"));
  const auto constant = gradcheck([](const Tensors& in) { return in[0] * 0.0; }, {noise({2})});
  CHECK(constant.verdict == Verdict::vacuous);
  CHECK_FALSE(constant.passed());
  CHECK(gradcheck([](const Tensors& in) { return in[0] * 0.0; }, {noise({2})}, {.allow_vacuous = true}).passed());
}

TEST_CASE("a check that could not have failed is vacuous, not passed") {
  auto verdict = [](const GradcheckFunction& f, const Tensors& in) {
    const auto report = gradcheck(f, in);
    INFO(to_string(report));
    CHECK_FALSE(report.passed());
    return report.verdict;
  };
  auto same = [](const Tensors& in) { return exp(in[0]); };
  CHECK(verdict(same, {noise({2}).detach()}) == Verdict::vacuous);                                 // nothing to check
  CHECK(verdict(same, {Tensor::zeros({0}, DType::f64).set_requires_grad()}) == Verdict::vacuous);  // no element
  CHECK(verdict(same, {leaf({1e3}, {1})}) == Verdict::vacuous);                                    // infinite
  CHECK(verdict([](const Tensors& in) { return sqrt(in[0]); }, {leaf({0}, {1})}) == Verdict::vacuous);
  CHECK(verdict([](const Tensors& in) { return sigmoid(in[0]); }, {leaf({90}, {1})}) == Verdict::vacuous);  // saturated
  // One input without effect among others.
  const auto report = gradcheck([](const Tensors& in) { return in[0] + in[1] * 0.0; }, {noise({2}), noise({2}, 1)});
  CHECK(report.inputs[0].verdict == Verdict::pass);
  CHECK(report.inputs[1].verdict == Verdict::vacuous);
  CHECK_FALSE(report.passed());
}

TEST_CASE("a kink neither passes nor fails, but a slope outside of its two sides fails") {
  auto at_zero = [](const GradcheckFunction& f) { return gradcheck(f, {leaf({0.0, 1.0}, {2})}); };
  for (const auto& f : {GradcheckFunction([](const Tensors& in) { return relu(in[0]); }),
                        GradcheckFunction([](const Tensors& in) { return abs(in[0]); }),
                        GradcheckFunction([](const Tensors& in) { return maximum(in[0], in[0] * 0.5); }),
                        GradcheckFunction([](const Tensors& in) { return clamp(in[0], 0, 5); })}) {
    const auto report = at_zero(f);
    INFO(to_string(report));
    CHECK(report.verdict == Verdict::kink);
    CHECK(report.inputs[0].kinks == 1);
    CHECK_FALSE(report.passed());
  }
  CHECK(gradcheck([](const Tensors& in) { return relu(in[0]); }, {leaf({0.0, 1.0}, {2})}, {.allow_kinks = true})
            .passed());
  const auto wrong = at_zero([](const Tensors& in) {
    return record("wrong", relu(in[0].detach()), {in[0]}, [x = in[0]](const Tensor& dy) {
      return Grads{dy * where(greater(x, 0.0), Tensor::ones({}, DType::f64), Tensor::full({}, 1.5, DType::f64))};
    });
  });
  INFO(to_string(wrong));
  CHECK(wrong.verdict == Verdict::fail);
  CHECK_THAT(wrong.inputs[0].why, ContainsSubstring("outside of the slopes"));
  // A kink near the point is not a kink at the point.
  CHECK(gradcheck([](const Tensors& in) { return relu(in[0]) + abs(in[0]) * square(in[0]); },
                  {leaf({0.01, -0.01, 3e-3}, {3})}, {.relative = 1e-9})
            .verdict == Verdict::pass);
}

TEST_CASE("large inputs are checked along random directions and at single elements") {
  const Tensor x = noise({40, 50}), w = noise({30, 50}, 1);
  auto f = [](const Tensors& in) { return tanh(linear(in[0], in[1]) * 0.1); };
  const auto good = gradcheck(f, {x, w});
  INFO(to_string(good));
  CHECK(good.passed());
  CHECK(good.inputs[0].compared == 16);
  // One wrong element of 2000.
  const auto bad = gradcheck(
      [&](const Tensors& in) {
        Tensor extra = Tensor::zeros({40, 50}, DType::f64);
        extra.mutable_data<double>()[777] = 1;
        return f(in) + sum(in[0].detach() * extra);
      },
      {x, w});
  INFO(to_string(bad));
  CHECK(bad.inputs[0].verdict == Verdict::fail);
  CHECK(bad.inputs[1].verdict == Verdict::pass);
}

TEST_CASE("gradcheck refuses f32 and names the conversion") {
  const Tensor x = Tensor::ones({2}).set_requires_grad();
  CHECK_THROWS_WITH(gradcheck([](const Tensors& in) { return exp(in[0]); }, {x}),
                    ContainsSubstring("to(x, DType::f64)"));
  CHECK_THROWS_WITH(gradcheck([](const Tensors& in) { return to(in[0], DType::f32); }, {noise({2})}),
                    ContainsSubstring("f64"));
}

TEST_CASE("a function or a backward that does not repeat fails gradcheck") {
  std::atomic<int> calls{0};
  const auto values = gradcheck([&](const Tensors& in) { return in[0] * static_cast<double>(++calls); }, {noise({2})});
  CHECK(values.verdict == Verdict::fail);
  CHECK_THAT(values.problem, ContainsSubstring("different values"));
  const auto bits = gradcheck(
      [&](const Tensors& in) {
        return record("not repeatable", clone(in[0].detach()), {in[0]},
                      [&](const Tensor& dy) { return Grads{dy * (1 + 1e-15 * ++calls)}; });
      },
      {noise({2})});
  CHECK(bits.verdict == Verdict::fail);
  CHECK_THAT(bits.problem, ContainsSubstring("bits"));
  // Dropout draws the same numbers in every evaluation.
  CHECK(gradcheck([](const Tensors& in) { return dropout(in[0], 0.5) + in[0]; }, {noise({20})}).passed());
}

TEST_CASE("gradcheck to second order finds a right gradient with a wrong rule of its own") {
  // cube: the gradient is right, but is recorded as constant in x.
  auto cube = [](const Tensors& in) {
    const Tensor x = in[0];
    return record("cube", x.detach() * x.detach() * x.detach(), {x},
                  [x](const Tensor& dy) { return Grads{dy * square(x.detach()) * 3.0}; });
  };
  CHECK(gradcheck(cube, {noise({3})}).passed());
  const auto second = gradcheck(cube, {noise({3})}, {.order = 2});
  INFO(to_string(second));
  CHECK(second.verdict == Verdict::fail);
  // A linear function has no second derivative, and its gradient is linear in the seed.
  const auto flat = gradcheck([](const Tensors& in) { return in[0] * 3.0; }, {noise({3})}, {.order = 2});
  CHECK(flat.passed());
  CHECK(flat.inputs[0].why == "zero, as expected");
  // The gradient differs when it is recorded.
  const auto split = gradcheck(
      [](const Tensors& in) {
        return record("depends on recording", in[0].detach() * 2.0, {in[0]},
                      [](const Tensor& dy) { return Grads{dy * (grad_enabled() ? 3.0 : 2.0)}; });
      },
      {noise({3})}, {.order = 2});
  CHECK_THAT(split.problem, ContainsSubstring("create_graph"));
}

TEST_CASE("gradcheck to third order finds a wrong third derivative behind two right ones") {
  // 4 x^3 as an op whose gradient 12 x^2 is recorded as constant in x.
  auto slope = [](const Tensor& x) {
    return record("slope", x.detach() * square(x.detach()) * 4.0, {x},
                  [x](const Tensor& dy) { return Grads{dy * square(x.detach()) * 12.0}; });
  };
  auto quartic = [slope](const Tensors& in) {
    const Tensor x = in[0];
    return record("quartic", square(square(x.detach())), {x},
                  [x, slope](const Tensor& dy) { return Grads{dy * slope(x)}; });
  };
  for (int order : {1, 2}) {
    const auto right = gradcheck(quartic, {noise({3})}, {.relative = 1e-9, .order = order});
    INFO(to_string(right));
    CHECK(right.verdict == Verdict::pass);
  }
  const auto wrong = gradcheck(quartic, {noise({3})}, {.order = 3});
  INFO(to_string(wrong));
  CHECK(wrong.verdict == Verdict::fail);
  CHECK(wrong.inputs[0].verdict == Verdict::fail);
  // A second derivative without a graph fails at every higher order.
  auto cube = [](const Tensors& in) {
    const Tensor x = in[0];
    return record("cube", x.detach() * square(x.detach()), {x},
                  [x](const Tensor& dy) { return Grads{(dy * square(x)).detach() * 3.0}; });
  };
  for (int order : {2, 3}) CHECK(gradcheck(cube, {noise({3})}, {.order = order}).verdict == Verdict::fail);
}

TEST_CASE("check_module names parameters by path, and does not change their values and gradients") {
  nn::ParameterStore store(1, DType::f64);
  const nn::Linear layer(store.root() / "out", 3, 2);
  store.flatten();
  const Tensor x = noise({4, 3});
  const auto before = store.block().to_vector<double>();
  for (int order : {1, 2, 3}) {
    const auto report =
        check_module([&](const Tensors& in) { return square(layer(in[0])); }, store.trainable(), {x}, {.order = order});
    INFO(to_string(report));
    CHECK(report.passed());
    REQUIRE(report.inputs.size() >= 3);
    CHECK(report.inputs[1].name == "out.weight");
    CHECK(report.inputs[2].name == "out.bias");
  }
  CHECK(store.block().to_vector<double>() == before);
  CHECK_FALSE(layer.weight.grad().defined());
}

}  // namespace gradus::autograd_gradcheck_test
