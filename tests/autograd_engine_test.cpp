// The graph: depth, release, gradients of gradients, overwritten values, hooks, recomputation.
#include <cmath>
#include <cstring>
#include <functional>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/engine/recompute.h>
#include <gradus/autograd/foundation/memory.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>

#include "catch.h"
#include "leaf.h"
#include "one_thread.h"
#include "scaled.h"

namespace gradus::autograd_engine_test {

using Catch::Matchers::ContainsSubstring;
using Tensors = std::vector<Tensor>;

namespace {

std::vector<double> numbers(const Tensor& t) { return to(t.detach(), DType::f64).to_vector<double>(); }
std::vector<double> gradient(const Tensor& t) { return numbers(t.grad()); }

}  // namespace

TEST_CASE("a chain of 1,000,000 additions builds, runs backward and is freed") {
  const int n = scaled(1'000'000);
  const Tensor x = leaf({1, 2});
  for (bool run : {true, false}) {
    Tensor y = x;
    for (int i = 0; i < n; ++i) y = y + 1e-6;
    CHECK(numbers(y)[0] == Approx(1 + 1e-6 * n));
    if (run) sum(y).backward();
  }
  CHECK(gradient(x) == std::vector<double>{1, 1});
}

TEST_CASE("a long chain whose rules keep their inputs and graphs is freed without recursion") {
  const Tensor x = leaf({1}), one = leaf({1});
  Tensor y = x;
  for (int i = 0; i < scaled(200'000); ++i) y = y * one;
  y.backward({.retain_graph = true});
  CHECK(gradient(x) == std::vector<double>{1});
  CHECK(gradient(one) == std::vector<double>{scaled(200'000)});
  // The graph of a gradient is as deep again.
  y = x;
  for (int i = 0; i < scaled(20'000); ++i) y = y * one;
  const Tensor g = grad({y}, {x}, {.create_graph = true})[0];
  CHECK(grad({g}, {one})[0].item() == scaled(20'000));
}

TEST_CASE("gradients accumulate in leaves over runs and uses") {
  const Tensor x = leaf({3});
  (x * x + x).backward();
  CHECK(gradient(x) == std::vector<double>{7});
  (x * 2.0).backward();
  CHECK(gradient(x) == std::vector<double>{9});
  Tensor(x).zero_grad();
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("in a diamond each node gets one complete gradient") {
  const Tensor x = leaf({2});
  int calls = 0;
  const Tensor a = exp(x);
  Tensor(a).register_hook([&](const Tensor& g) {
    ++calls;
    CHECK(g.item() == Approx(1 + 2 * std::exp(2.0) + 3));
    return Tensor();
  });
  Tensor deep = a;
  for (int i = 0; i < 5; ++i) deep = deep + 0.0;
  sum(a + a * a + deep * 3.0).backward();
  CHECK(calls == 1);
}

TEST_CASE("the graph is released by backward unless it is kept") {
  const Tensor x = leaf({3});
  const Tensor y = x * x;
  y.backward({.retain_graph = true});
  y.backward();
  CHECK(gradient(x) == std::vector<double>{12});
  CHECK_THROWS_WITH(y.backward(), ContainsSubstring("released") && ContainsSubstring("retain_graph") &&
                                      ContainsSubstring("'mul'") && ContainsSubstring("autograd_engine_test.cpp"));
  CHECK(gradient(x) == std::vector<double>{12});
}

TEST_CASE("backward releases saved values as it proceeds") {
  const std::size_t before = memory::in_use();
  Tensor loss;
  {
    const Tensor x = Tensor::ones({1 << 17}).set_requires_grad();
    Tensor y = x;
    for (int i = 0; i < 8; ++i) y = exp(y * 0.5);
    loss = sum(y);
  }
  const std::size_t kept = memory::in_use() - before;
  CHECK(kept >= std::size_t{8} << 19);
  loss.backward();
  CHECK(memory::in_use() - before < kept / 4);
}

TEST_CASE("create_graph: gradients can be differentiated again, to any order") {
  const Tensor x = leaf({1.5});
  const Tensor first = grad({x * x * x * x}, {x}, {.create_graph = true})[0];
  const Tensor second = grad({first}, {x}, {.create_graph = true})[0];
  const Tensor third = grad({second}, {x}, {.create_graph = true})[0];
  const Tensor fourth = grad({third}, {x})[0];
  CHECK(first.item() == Approx(4 * 1.5 * 1.5 * 1.5));
  CHECK(second.item() == Approx(12 * 1.5 * 1.5));
  CHECK(third.item() == Approx(24 * 1.5));
  CHECK(fourth.item() == Approx(24));
  // Through backward() and grad(), as for a gradient penalty.
  const Tensor w = leaf({2});
  (w * w * w).backward({.create_graph = true});
  const Tensor g = w.grad();
  CHECK(g.item() == 12);
  REQUIRE(g.requires_grad());
  Tensor(w).zero_grad();
  (g * g).backward();
  CHECK(gradient(w) == std::vector<double>{2 * 12 * 12});
}

TEST_CASE("a gradient without create_graph has no graph") {
  const Tensor x = leaf({2});
  CHECK_FALSE(grad({x * x}, {x})[0].requires_grad());
  (x * x).backward();
  CHECK_FALSE(x.grad().requires_grad());
}

TEST_CASE("gradients of several leaves do not share their values") {
  const Tensor a = leaf({1, 2}), b = leaf({3, 4}), seed = Tensor::ones({2}, DType::f64);
  (a + b).backward({.seed = seed});
  a.grad().mutable_data<double>()[0] = 100;
  CHECK(gradient(b) == std::vector<double>{1, 1});
  CHECK(numbers(seed) == std::vector<double>{1, 1});
  // An earlier gradient does not change either.
  const Tensor held = b.grad();
  (b * 2.0).backward({.seed = seed});
  CHECK(gradient(b) == std::vector<double>{3, 3});
  CHECK(numbers(held) == std::vector<double>{1, 1});
}

TEST_CASE("an overwritten saved value is an error that names both places, and no gradient changes") {
  const Tensor x = leaf({1, 2}), w = leaf({3, 4});
  const unsigned op_line = __LINE__ + 1;
  const Tensor y = sum(x * w);
  const unsigned write_line = __LINE__ + 1;
  Tensor(w).mutable_data<double>()[0] = 7;
  const std::string here = "autograd_engine_test.cpp:";
  CHECK_THROWS_WITH(y.backward(), ContainsSubstring("'mul'") && ContainsSubstring(here + std::to_string(op_line)) &&
                                      ContainsSubstring(here + std::to_string(write_line)) &&
                                      ContainsSubstring("clone"));
  CHECK_FALSE(x.grad().defined());
  CHECK_FALSE(w.grad().defined());
  // Through a view, and for a result that the rule reads.
  const Tensor e = exp(x);
  e.detach().mutable_data<double>()[1] = 0;
  CHECK_THROWS_WITH(sum(e).backward(), ContainsSubstring("its result") && ContainsSubstring("'exp'"));
  const Tensor r = sum(x * reshape(w, {2}));
  w.detach().mutable_data<double>()[1] = 0;
  CHECK_THROWS_WITH(r.backward(), ContainsSubstring("overwritten"));
  // A value that no rule reads may be overwritten.
  const Tensor s = sum(x + w);
  Tensor(w).mutable_data<double>()[0] = 9;
  s.backward();
  CHECK(gradient(x) == std::vector<double>{1, 1});
}

TEST_CASE("the graph can run again after a failed run") {
  const Tensor x = leaf({1, 2});
  const Tensor a = exp(x), b = x * 3.0;
  bool fail = true;
  Tensor(a).register_hook([&](const Tensor& g) {
    if (fail) throw std::runtime_error("hook");
    return g;
  });
  const Tensor loss = sum(a + b);
  CHECK_THROWS_WITH(loss.backward({.retain_graph = true}), "hook");
  CHECK_FALSE(x.grad().defined());
  fail = false;
  loss.backward();
  CHECK(gradient(x) == std::vector<double>{std::exp(1.0) + 3, std::exp(2.0) + 3});
}

TEST_CASE("detach and NoGrad cut the graph") {
  const Tensor x = leaf({2});
  CHECK_FALSE(x.detach().requires_grad());
  CHECK(x.detach().is_leaf());
  (x * x.detach()).backward();
  CHECK(gradient(x) == std::vector<double>{2});
  {
    const NoGrad guard;
    CHECK_FALSE((x * x).requires_grad());
    {
      const GradMode on(true);
      CHECK((x * x).requires_grad());
    }
    CHECK_FALSE((x * x).requires_grad());
  }
  CHECK((x * x).requires_grad());
  CHECK_FALSE((x * x).is_leaf());
}

TEST_CASE("hooks get a complete gradient and may replace it, on results and on leaves") {
  const Tensor x = leaf({1, 2});
  Tensor y = x * 3.0;
  Tensors seen;
  y.register_hook([&](const Tensor& g) {
    seen.push_back(g);
    return g * 10.0;
  });
  Tensor(x).register_hook([&](const Tensor& g) {
    seen.push_back(g);
    return Tensor();
  });
  sum(y + y).backward();
  REQUIRE(seen.size() == 2);
  CHECK(numbers(seen[0]) == std::vector<double>{2, 2});
  CHECK(numbers(seen[1]) == std::vector<double>{60, 60});
  CHECK(gradient(x) == std::vector<double>{60, 60});
  Tensor z = x * 1.0;
  z.register_hook([](const Tensor& g) { return sum(g); });
  CHECK_THROWS_WITH(sum(z).backward(), ContainsSubstring("hook") && ContainsSubstring("[2]"));
}

TEST_CASE("a hook on a weight gets the sum over its uses") {
  const Tensor w = Tensor::ones({2, 3}, DType::f64).set_requires_grad(), x = Tensor::ones({4, 3}, DType::f64);
  int calls = 0;
  Tensor(w).register_hook([&](const Tensor& g) {
    ++calls;
    CHECK(numbers(g) == std::vector<double>(6, 8));
    return g * 0.5;
  });
  sum(linear(x, w) + linear(x, w)).backward();
  CHECK(calls == 1);
  CHECK(gradient(w) == std::vector<double>(6, 4));
}

TEST_CASE("grad() does not change leaves, accepts results of ops, and marks unused inputs") {
  const Tensor x = leaf({2}), unused = leaf({1});
  const Tensor y = x * x;
  const Tensors g = grad({exp(y), y * 2.0}, {y, x}, {.seeds = {}, .retain_graph = true});
  CHECK(g[0].item() == Approx(std::exp(4.0) + 2));
  CHECK(g[1].item() == Approx(4 * (std::exp(4.0) + 2)));
  CHECK_FALSE(x.grad().defined());
  CHECK_THROWS_WITH(grad({x * 1.0}, {x, unused}), ContainsSubstring("allow_unused"));
  CHECK_FALSE(grad({x * 1.0}, {x, unused}, {.allow_unused = true})[1].defined());
  CHECK(grad({x}, {x})[0].item() == 1);
}

TEST_CASE("misuse of backward and of leaves is refused by name") {
  const Tensor x = leaf({1, 2}).set_name("encoder.weight"), plain = Tensor::ones({2}, DType::f64);
  CHECK_THROWS_WITH(plain.backward(), ContainsSubstring("no graph"));
  CHECK_THROWS_WITH((x * 2.0).backward(), ContainsSubstring("not a scalar") && ContainsSubstring("[2]"));
  CHECK_THROWS_WITH((x * 2.0).backward({.seed = Tensor::ones({3}, DType::f64)}),
                    ContainsSubstring("seed") && ContainsSubstring("[3]") && ContainsSubstring("[2]"));
  CHECK_THROWS_WITH((x * 2.0).backward({.seed = Tensor::ones({2})}), ContainsSubstring("f32"));
  CHECK_THROWS_WITH(grad({sum(x)}, {plain}), ContainsSubstring("does not require a gradient"));
  CHECK_THROWS_WITH((x * 2.0).set_requires_grad(false), ContainsSubstring("detach"));
  CHECK_THROWS_WITH(Tensor::arange(3).set_requires_grad(), ContainsSubstring("i64"));
  CHECK_THROWS_WITH(Tensor(plain).register_hook([](const Tensor& g) { return g; }), ContainsSubstring("never run"));
  CHECK_THROWS_WITH(Tensor(x).register_hook(nullptr), ContainsSubstring("register_hook: the function is empty"));
  CHECK_THROWS_WITH(checkpoint(nullptr, {x}), ContainsSubstring("checkpoint: the function is empty"));
  CHECK_THROWS_WITH((x * 2.0).mutable_data<double>(), ContainsSubstring("'mul'"));
  CHECK_THROWS_WITH(x.data<float>(), ContainsSubstring("encoder.weight"));
  CHECK_THROWS_WITH(Tensor().shape(), ContainsSubstring("undefined"));
  Gradients into;
  CHECK_THROWS_WITH(into.bind(plain, plain), ContainsSubstring("leaf"));
}

TEST_CASE("gradients of a weight used at many steps are gathered, and equal the plain sum") {
  const Philox random(5, 0);
  const Tensor w = Tensor::normal({8, 8}, 0, 0.3, random, DType::f64).set_requires_grad();
  for (Index rows : {1, 7, 700}) {  // 700 rows exceed the limit of gathering several times
    const Tensor x = Tensor::normal({rows, 8}, 0, 1, Philox(5, 1), DType::f64);
    auto loss = [&](const std::function<Tensor(Index)>& weight) {
      Tensor h = x;
      for (Index t = 0; t < 20; ++t) h = tanh(linear(h, weight(t)) + matmul(h, weight(t)) * 0.5);
      return sum(h * h);
    };
    Tensor(w).zero_grad();
    loss([&](Index) { return w; }).backward();
    // The same with a copy of the weight at each step.
    Tensors copies;
    for (Index t = 0; t < 20; ++t) copies.push_back(clone(w.detach()).set_requires_grad());
    loss([&](Index t) { return copies[static_cast<std::size_t>(t)]; }).backward();
    std::vector<double> total(64);
    for (const Tensor& c : copies)
      for (std::size_t i = 0; i < 64; ++i) total[i] += gradient(c)[i];
    double scale = 0;
    for (double v : total) scale = std::max(scale, std::fabs(v));
    for (std::size_t i = 0; i < 64; ++i) CHECK(std::fabs(gradient(w)[i] - total[i]) <= 1e-12 * scale);
  }
}

TEST_CASE("Gradients announce each leaf as soon as its gradient is complete, with the same bits") {
  const Tensor x = Tensor::from<double>({0.5, -1, 2, 0.25}, {2, 2});
  Tensor first = Tensor::from<double>({1.0, 2, 3, 4}, {2, 2}).set_requires_grad(),
         last = Tensor::from<double>({0.5, 1, -1, 2}, {2, 2}).set_requires_grad(),
         unused = Tensor::from({1.0}).set_requires_grad(), hooked = Tensor::from({2.0}).set_requires_grad();
  hooked.register_hook([](const Tensor& dy) { return dy * 2.0; });
  const std::vector<Tensor> leaves = {first, last, unused, hooked};
  const auto loss = [&] {
    const Tensor h = tanh(matmul(tanh(matmul(x, first)), first));
    return sum(matmul(matmul(h, last), last) * hooked);
  };
  std::vector<std::vector<double>> wanted;
  Gradients silent;
  for (const Tensor& leaf : leaves) silent.bind(leaf, Tensor::zeros(leaf.shape(), DType::f64));
  backward(loss(), {.into = &silent});
  for (const Tensor& leaf : leaves) wanted.push_back(silent.of(leaf).to_vector<double>());

  Gradients into;
  for (const Tensor& leaf : leaves) into.bind(leaf, Tensor::zeros(leaf.shape(), DType::f64));
  for (int run = 0; run < 2; ++run) {
    std::vector<std::size_t> order;
    into.restart();
    into.notify([&](std::size_t i) {
      order.push_back(i);
      if (i == 1 && run == 0) CHECK(into.of(first).to_vector<double>() != wanted[0]);  // backward still runs
      CHECK(into.of(leaves[i]).to_vector<double>() == wanted[i]);
    });
    backward(loss(), {.into = &into});
    CHECK(order == std::vector<std::size_t>{1, 0, 2, 3});
  }
  into.restart();
  backward(loss(), {.into = &into});  // announces nothing
  CHECK(into.of(first).to_vector<double>() == wanted[0]);
}

TEST_CASE("the gradient of a leaf that is read through slices is complete before the rest of backward") {
  const Tensor x = Tensor::from<double>({1, 2, 3, 4}, {2, 2});
  Tensor first = Tensor::from<double>({1.0, 2, 3, 4}, {2, 2}).set_requires_grad(),
         sliced = Tensor::from<double>({0.5, 1, -1, 2, 3, 1, 2, -2}, {4, 2}).set_requires_grad();
  const std::vector<Tensor> leaves = {first, sliced};
  const auto loss = [&](bool twice) {
    const Tensor slice = narrow(sliced, 0, 0, 2);
    const Tensor h = tanh(matmul(matmul(x, first), twice ? slice : first));
    return sum(matmul(matmul(h, slice), narrow(sliced, 0, 2, 2)));
  };
  for (const bool twice : {false, true}) {
    std::vector<std::vector<double>> wanted;
    for (const Tensor& leaf : grad(loss(twice), leaves)) wanted.push_back(leaf.to_vector<double>());
    Gradients into;
    for (const Tensor& leaf : leaves) into.bind(leaf, Tensor::zeros(leaf.shape(), DType::f64));
    std::vector<std::size_t> order;
    into.notify([&](std::size_t i) { order.push_back(i); });
    const Tensor value = loss(twice);
    backward(value, {.retain_graph = true, .into = &into});
    CHECK(order == std::vector<std::size_t>{1, 0});
    into.restart();
    backward(value, {.into = &into});  // the graph again
    for (std::size_t i = 0; i < leaves.size(); ++i) CHECK(into.of(leaves[i]).to_vector<double>() == wanted[i]);
  }
}

TEST_CASE("a slice with a reader outside of backward gets all gradients") {
  const Tensor w = leaf({1, 2, 3});
  const Tensor slice = narrow(w, 0, 0, 2);
  const Tensor aside = slice * 3.0;  // not part of the loss
  const Tensor deep = exp(exp(slice * 0.0)) * slice;
  sum(deep + slice).backward();
  const double e = std::exp(1.0);
  CHECK(numbers(w.grad())[0] == Approx(e + 1));
  CHECK(numbers(w.grad())[2] == 0);
  CHECK(numbers(aside) == std::vector<double>{3, 6});
}

TEST_CASE("Gradients accumulate outside of the leaves, in bound buffers") {
  const Tensor x = leaf({1, 2}), y = leaf({3, 4});
  Tensor buffer = Tensor::from<double>({10, 10}, {2});
  Gradients into;
  into.bind(x, buffer);
  sum(x * y).backward({.into = &into});
  sum(x * y).backward({.into = &into});
  CHECK_FALSE(x.grad().defined());
  CHECK_FALSE(y.grad().defined());
  CHECK(numbers(buffer) == std::vector<double>{6, 8});
  CHECK(numbers(into.of(y)) == std::vector<double>{2, 4});
  CHECK_FALSE(into.of(leaf({1})).defined());
  into.restart();
  CHECK_FALSE(into.of(y).defined());
  sum(y).backward({.into = &into});
  CHECK(numbers(buffer) == std::vector<double>{0, 0});
  CHECK(numbers(into.of(y)) == std::vector<double>{1, 1});
}

TEST_CASE("leaves cannot share the bytes of their bound buffers, nor use their own") {
  const Tensor x = leaf({1, 2}), y = leaf({3, 4}), bytes = Tensor::zeros({4}, DType::f64);
  Gradients into;
  into.bind(x, bytes.alias({2}));
  CHECK_THROWS_WITH(into.bind(y, bytes.alias({2})), ContainsSubstring("overlaps that of"));
  CHECK_THROWS_WITH(into.bind(y, bytes.alias({2}, 1)), ContainsSubstring("overlaps that of"));
  CHECK_THROWS_WITH(into.bind(y, y), ContainsSubstring("overlaps its buffer"));
  into.bind(x, bytes.alias({2}));
  into.bind(y, bytes.alias({2}, 2));
  sum(x * 3.0 + y * 5.0).backward({.into = &into});
  CHECK(numbers(bytes) == std::vector<double>{3, 3, 5, 5});
}

namespace {

struct Deep {
  Tensors weights;
  Tensor input;

  explicit Deep(Index layers) : input(Tensor::normal({256, 256}, 0, 1, Philox(3, 99))) {
    for (Index i = 0; i < layers; ++i) {
      weights.push_back(
          Tensor::normal({256, 256}, 0, 0.06, Philox(3, static_cast<std::uint64_t>(i))).set_requires_grad());
    }
  }
  // A block of ops with dropout, kept or recomputed.
  std::vector<std::vector<float>> run(bool recompute, std::size_t& peak) const {
    const RandomScope scope(11, 0);
    for (const Tensor& w : weights) Tensor(w).zero_grad();
    memory::reset_peak();
    const std::size_t before = memory::in_use();
    Tensor x = input;
    for (const Tensor& w : weights) {
      auto block = [w](const Tensors& in) {
        return in[0] + dropout(gelu(layer_norm(linear(in[0], w), {}, {})) * 1.1, 0.2);
      };
      x = recompute ? checkpoint(block, {x}) : block({x});
    }
    sum(square(x)).backward();
    peak = memory::peak() - before;
    std::vector<std::vector<float>> found{x.detach().to_vector<float>()};
    for (const Tensor& w : weights) found.push_back(w.grad().to_vector<float>());
    return found;
  }
};

}  // namespace

TEST_CASE("checkpoint gives the same bits with dropout, in less memory") {
  const Deep deep(12);
  std::size_t whole = 0, recomputed = 0;
  const auto plain = deep.run(false, whole), again = deep.run(true, recomputed);
  REQUIRE(plain.size() == again.size());
  for (std::size_t i = 0; i < plain.size(); ++i)
    CHECK(std::memcmp(plain[i].data(), again[i].data(), plain[i].size() * sizeof(float)) == 0);
  CHECK(recomputed < whole * 2 / 3);
}

TEST_CASE("checkpoint: second derivatives, several uses of one leaf, nothing to differentiate") {
  const Tensor x = leaf({0.5, -1}), w = leaf({2, 3});
  auto f = [&](const Tensors& in) { return exp(in[0] * w) * in[0]; };
  auto second = [&](bool recompute) {
    const Tensor y = recompute ? checkpoint(f, {x}) : f({x});
    const Tensors g = grad({sum(y)}, {x, w}, {.create_graph = true});
    const Tensors h = grad({sum(g[0] * g[0]) + sum(g[1])}, {x, w});
    std::vector<double> all = numbers(g[0]);
    for (const Tensor& t : {g[1], h[0], h[1]})
      for (double v : numbers(t)) all.push_back(v);
    return all;
  };
  const auto plain = second(false), again = second(true);
  for (std::size_t i = 0; i < plain.size(); ++i) CHECK(again[i] == Approx(plain[i]).epsilon(1e-14));
  CHECK_FALSE(checkpoint([](const Tensors& in) { return exp(in[0]); }, {x.detach()}).requires_grad());
  const NoGrad guard;
  CHECK_FALSE(checkpoint(f, {x}).requires_grad());
}

TEST_CASE("1000 steps of changing shapes leave no memory in use, and the peak of each step repeats") {
  const OneThread alone;  // several would use their temporary buffers at the same time in one run and not in the next
  constexpr Index width = scaled(Index{256});
  const Tensor w = Tensor::normal({width, width}, 0, 0.05, Philox(1, 0)).set_requires_grad();
  auto step = [&](Index i) {
    const Index rows = 1 + i * 37 % 97, length = 1 + i * 13 % 7;
    Tensor h = Tensor::ones({rows, width});
    for (Index t = 0; t < length; ++t) h = tanh(linear(h, w));
    Tensor(w).zero_grad();
    mean(square(h)).backward();
  };
  for (Index i = 0; i < 100; ++i) step(i);
  const std::size_t before = memory::in_use();
  memory::reset_peak();
  for (Index i = 0; i < 679; ++i) step(i);  // all pairs of rows and lengths
  const std::size_t peak = memory::peak();
  for (Index i = 0; i < 1000; ++i) step(i);
  CHECK(memory::in_use() == before);
  CHECK(memory::peak() == peak);
}

}  // namespace gradus::autograd_engine_test
