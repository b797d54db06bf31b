// Rules, hooks and observers that users write: what may be done in them, and which errors name the op.
#include <span>
#include <vector>

#include <gradus/autograd/checks/anomaly.h>
#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/engine/observer.h>
#include <gradus/autograd/engine/recompute.h>
#include <gradus/autograd/engine/record.h>
#include <gradus/autograd/ops.h>

#include "catch.h"
#include "leaf.h"

namespace gradus::autograd_rules_test {

using Catch::Matchers::ContainsSubstring;
using Tensors = std::vector<Tensor>;

namespace {

// An op that returns 2 x, with this gradient for its input.
template <class Rule>
Tensor twice(const Tensor& x, Rule rule) {
  return record("twice", mul(x.detach(), 2.0), {x}, rule);
}

}  // namespace

TEST_CASE("a rule that returns a gradient of a wrong shape is named") {
  const Tensor x = leaf({1, 2, 3}, {3});
  const Tensor y = twice(x, [](const Tensor&) { return Grads{Tensor::ones({2}, DType::f64)}; });
  CHECK_THROWS_WITH(sum(y).backward(), ContainsSubstring("the rule of 'twice' returned a gradient of shape [2]") &&
                                           ContainsSubstring("[3]"));
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("a rule that returns a product of a wrong shape is named") {
  const Tensor w = leaf({1, 2, 3, 4, 5, 6}, {2, 3});
  const Tensor y = twice(w, [](const Tensor&) {
    return Grads{Gradient::rows_product(Tensor::ones({5, 4}, DType::f64), Tensor::ones({5, 2}, DType::f64))};
  });
  CHECK_THROWS_WITH(sum(y).backward(), ContainsSubstring("the rule of 'twice'") && ContainsSubstring("[2, 3]"));
}

TEST_CASE("a rule that returns an unrecorded gradient while gradients are recorded is named") {
  const Tensor x = leaf({1, 2}, {2});
  const Tensor y = twice(x, [](const Tensor& dy) { return Grads{Gradient::added([dy](Tensor&) {})}; });
  CHECK_THROWS_WITH(grad({sum(y)}, {x}, {.create_graph = true}), ContainsSubstring("the rule of 'twice'"));
}

TEST_CASE("a rule lists the gradients of more inputs than a list holds without memory of its own") {
  Tensors x;
  for (int i = 0; i < 6; ++i) x.push_back(leaf({1, 2}, {2}));
  const Tensor y = record("six", Tensor::ones({2}, DType::f64), {x[0], x[1], x[2], x[3], x[4], x[5]},
                          [](const Tensor& dy) { return Grads{dy, dy * 2, dy * 3, dy * 4, dy * 5, dy * 6}; });
  sum(y).backward();
  for (int i = 0; i < 6; ++i)
    CHECK(x[static_cast<std::size_t>(i)].grad().to_vector<double>() == std::vector<double>{i + 1.0, i + 1.0});
}

TEST_CASE("a rule that returns a wrong number of gradients is named") {
  const Tensor x = leaf({1, 2}, {2});
  CHECK_THROWS_WITH(sum(twice(x,
                              [](const Tensor& dy) {
                                return Grads{dy, dy};
                              }))
                        .backward(),
                    ContainsSubstring("the rule of 'twice' returned 2 gradients") && ContainsSubstring("input: 1"));
  CHECK_THROWS_WITH(sum(twice(x, [](const Tensor&) { return Grads{}; })).backward(),
                    ContainsSubstring("the rule of 'twice' returned 0 gradients"));
}

TEST_CASE("a rule that returns a gradient of a wrong dtype is named") {
  const Tensor x = leaf({1, 2}, {2});
  const Tensor y = twice(x, [](const Tensor&) { return Grads{Tensor::ones({2}, DType::f32)}; });
  CHECK_THROWS_WITH(sum(y).backward(), ContainsSubstring("the rule of 'twice' returned a gradient of dtype f32"));
}

TEST_CASE("a product of sides that do not fit is named, with and without an observer") {
  const Tensor w = leaf({1, 2, 3, 4, 5, 6}, {2, 3});
  const auto refused = [&](const Tensor& x, const Tensor& dy) {
    for (const bool anomaly : {false, true}) {
      const Tensor y = sum(twice(w, [=](const Tensor&) { return Grads{Gradient::rows_product(x, dy)}; }));
      const DetectAnomaly detect(anomaly);
      CHECK_THROWS_WITH(y.backward(), ContainsSubstring("the rule of 'twice' returned a product"));
    }
  };
  const auto ones = [](const Shape& shape, DType t = DType::f64) { return Tensor::ones(shape, t); };
  refused(ones({5, 3}), ones({4, 2}));
  refused(ones({5, 3}), ones({5, 3}));
  refused(ones({1, 5, 3}), ones({5, 2}));
  refused(ones({2, 3, 3}), ones({3, 2, 2}));
  refused(ones({}), ones({}));
  refused(ones({5, 3}, DType::f32), ones({5, 2}, DType::f32));
  refused(ones({5, 3}), ones({5, 2}, DType::f32));
}

namespace {

// An addition that replaces the sum, also when several are added at once.
struct Replaces {
  Tensor by;
  static void add_all(std::span<const Replaces* const> all, Tensor& sum) { sum = all[0]->by; }
};

}  // namespace

TEST_CASE("an addition that replaces the sum is named") {
  const auto refused = [](const Tensor& w, const Tensor& x, auto gradient) {
    const auto y = [&] { return sum(twice(x, [=](const Tensor&) { return Grads{gradient()}; })); };
    const auto is_named = ContainsSubstring("the rule of 'twice' returned an addition that replaced the sum");
    CHECK_THROWS_WITH(y().backward(), is_named);
    CHECK_FALSE(w.grad().defined());
    Gradients into;
    into.bind(w, Tensor::zeros(w.shape(), w.dtype()));
    CHECK_THROWS_WITH(y().backward({.into = &into}), is_named);
  };
  const Tensor w = leaf({1, 2, 3}, {3}), result = mul(w, 1.0);
  for (const Tensor& x : {w, result}) {
    for (const Tensor& by :
         {Tensor::ones({1000}, DType::f64), Tensor::ones({3}, DType::f32), Tensor::ones({3}, DType::f64), Tensor()}) {
      refused(w, mul(x, 1.0), [by] { return Gradient::added([by](Tensor& sum) { sum = by; }); });
      refused(w, x.is_leaf() ? x : mul(x, 1.0), [by] { return Gradient::added(Replaces{by}); });
    }
  }
}

TEST_CASE("a hook that writes to its gradient is an error") {
  const Tensor x = leaf({1, 2}, {2});
  const Tensor a = mul(x, 2.0), b = mul(x, 3.0);
  Tensor(a).register_hook([](const Tensor& g) {
    Tensor(g).mutable_data<double>()[0] = 100;  // the rule of `add` gives the same tensor to b
    return Tensor();
  });
  CHECK_THROWS_WITH(sum(a + b).backward(), ContainsSubstring("a hook on") &&
                                               ContainsSubstring("wrote to its gradient at") &&
                                               ContainsSubstring("autograd_rules_test.cpp"));
  CHECK_FALSE(x.grad().defined());
  const Tensor w = leaf({1, 2}, {2});
  Tensor(w).set_name("w").register_hook([](const Tensor& g) {
    Tensor(g).mutable_data<double>()[0] = 100;
    return Tensor();
  });
  CHECK_THROWS_WITH(sum(mul(w, 2.0)).backward(), ContainsSubstring("a hook on 'w' wrote to its gradient"));
}

TEST_CASE("a rule that writes to the gradient that it was given is named") {
  const Tensor x = leaf({1, 2}, {2});
  const Tensor y = twice(x, [](const Tensor& dy) {
    Tensor(dy).mutable_data<double>()[0] = 100;
    return Grads{dy};
  });
  CHECK_THROWS_WITH(sum(y + x).backward(), ContainsSubstring("the rule of 'twice' wrote to the gradient"));
}

TEST_CASE("a hook that returns another shape or dtype is named") {
  const Tensor x = leaf({1, 2}, {2});
  for (const Tensor& wrong : {Tensor::ones({3}, DType::f64), Tensor::ones({2}, DType::f32)}) {
    Tensor y = mul(x, 2.0);
    y.register_hook([wrong](const Tensor&) { return wrong; });
    CHECK_THROWS_WITH(sum(y).backward(),
                      ContainsSubstring("a hook on the result of 'mul'") && ContainsSubstring("expected f64 [2]"));
  }
}

TEST_CASE("a hook may register hooks on its own tensor") {
  const Tensor x = leaf({1, 2}, {2});
  Tensor y = mul(x, 3.0);
  int calls = 0;
  y.register_hook([&](const Tensor&) {
    for (int i = 0; i < 100; ++i) {
      y.register_hook([&](const Tensor&) {
        ++calls;
        return Tensor();
      });
    }
    return Tensor();
  });
  sum(y).backward({.retain_graph = true});
  CHECK(calls == 0);
  CHECK(x.grad().to_vector<double>() == std::vector<double>{3, 3});
  sum(y).backward();
  CHECK(calls == 100);
}

TEST_CASE("a checkpointed function may capture results of earlier ops") {
  const auto run = [](bool checkpointed) {
    const Tensor x = leaf({0.5, -1}, {2}), w = leaf({2, 3}, {2});
    const Tensor shared = tanh(mul(w, w));
    const auto f = [&](const Tensors& in) { return mul(sin(in[0]), shared) + w; };
    Tensor h = x;
    for (int i = 0; i < 3; ++i) h = checkpointed ? checkpoint(f, {h}) : f({h});
    sum(h + shared).backward();
    return Tensors{x.grad(), w.grad()};
  };
  const Tensors expected = run(false), found = run(true);
  for (std::size_t i = 0; i < 2; ++i) {
    for (Index k = 0; k < 2; ++k)
      CHECK(found[i].data<double>()[k] == Approx(expected[i].data<double>()[k]).epsilon(1e-14));
  }
}

TEST_CASE("a checkpoint can be differentiated to third order, also inside another") {
  const Tensor x = leaf({0.3, 0.7}, {2});
  const auto inner = [](const Tensors& in) { return mul(in[0], tanh(in[0])); };
  const auto outer = [&](const Tensors& in) { return checkpoint(inner, {exp(in[0])}); };
  const auto third = [&](const Tensor& y) {
    Tensor d = sum(y);
    for (int order = 1; order <= 3; ++order) d = sum(grad({d}, {x}, {.create_graph = true})[0]);
    return d.item();
  };
  CHECK(third(checkpoint(outer, {x})) == Approx(third(inner({exp(x)}))).epsilon(1e-12));
}

TEST_CASE("grad with independent inputs holds the others fixed") {
  const Tensor x = leaf({2}, {1});
  const Tensor y = mul(x, 3.0);
  const Tensor z = mul(x, y);
  CHECK(grad({sum(z)}, {x, y}, {.retain_graph = true})[0].item() == 12);
  const Tensors fixed = grad({sum(z)}, {x, y}, {.independent = true});
  CHECK(fixed[0].item() == 6);
  CHECK(fixed[1].item() == 2);
}

TEST_CASE("an exception in a rule leaves a graph that can run again") {
  const Tensor x = leaf({1, 2}, {2});
  bool fails = true;
  const Tensor a = mul(x, 2.0);
  const Tensor b = twice(a, [&](const Tensor& dy) {
    if (fails) throw Error("not now");
    return Grads{mul(dy, 2.0)};
  });
  const Tensor loss = sum(a + b);
  CHECK_THROWS_WITH(backward(loss, {.retain_graph = true}), ContainsSubstring("not now"));
  fails = false;
  backward(loss);
  CHECK(x.grad().to_vector<double>() == std::vector<double>{6, 6});
}

TEST_CASE("an observer reads values and gradients, and is not called inside rules") {
  struct Counter final : Observer {
    int values = 0, gradients = 0;
    void on_value(const OpName&, const Tensor&, std::span<const Input>) override { ++values; }
    void on_gradients(const Node&, const Tensor&, Needs, Grads&) override { ++gradients; }
  } counter;
  const Tensor x = leaf({1, 2}, {2});
  {
    const ObserverScope scope(&counter);
    sum(mul(x, x)).backward();
  }
  CHECK(counter.values == 2);
  CHECK(counter.gradients == 2);
  sum(mul(x, x)).backward();
  CHECK(counter.values == 2);
}

}  // namespace gradus::autograd_rules_test
