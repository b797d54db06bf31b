// Reductions, rounding, order, copies and arithmetic of i64: special values, threads, and wrong calls.
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>

#include "catch.h"
#include "leaf.h"

namespace gradus::autograd_tensors_test {

using Catch::Matchers::ContainsSubstring;
using Ids = std::vector<Index>;

namespace {

constexpr Index smallest = std::numeric_limits<Index>::min(), largest = std::numeric_limits<Index>::max();

Tensor ids(const Ids& v) { return Tensor::from(v, {std::ssize(v)}); }
Tensor ids(const Ids& v, const Shape& shape) { return Tensor::from(v, shape); }
Ids values(const Tensor& t) { return t.to_vector<Index>(); }

// The derivatives of order 1 to 3 of Σ f(x) in the direction of the ones.
std::vector<std::vector<double>> derivatives(const std::function<Tensor(const Tensor&)>& f, const Tensor& x) {
  std::vector<std::vector<double>> all;
  Tensor y = sum(f(x));
  for (int order = 1; order <= 3; ++order) {
    const Tensor g = grad({y}, {x}, {.create_graph = true})[0];
    all.push_back(g.detach().to_vector<double>());
    if (!g.requires_grad()) break;
    y = sum(g);
  }
  return all;
}

void check_all_zero(const std::vector<std::vector<double>>& orders) {
  for (const std::vector<double>& order : orders)
    for (double v : order) CHECK(v == 0);
}

}  // namespace

TEST_CASE("norm of zeros has derivatives of 0 at every order") {
  for (double p : {0.5, 1.0, 1.5, 2.0, 3.0, 4.0, double{INFINITY}, -double{INFINITY}}) {
    INFO("p = " << p);
    check_all_zero(derivatives([p](const Tensor& x) { return norm(x, p, 1); }, leaf({0, 0, 0, 0}, {2, 2})));
  }
}

TEST_CASE("std of equal numbers has derivatives of 0 at every order") {
  for (double v : {0.0, 0.1, -1e10, 1e-300})
    check_all_zero(derivatives([](const Tensor& x) { return gradus::std(x, 1); }, leaf({v, v, v, v, v, v}, {2, 3})));
}

TEST_CASE("a row of zeros does not change the gradient of norm in other rows") {
  const Tensor x = leaf({0, 0, 3, 4}, {2, 2});
  sum(norm(x, 2, 1)).backward();
  CHECK(x.grad().to_vector<double>() == std::vector<double>{0, 0, 0.6, 0.8});
}

TEST_CASE("sort is stable in both directions, and NaN counts as the largest") {
  const Tensor x = Tensor::from(std::vector<float>{2, NAN, 1, NAN, 2, 1}, {6});
  CHECK(values(argsort(x)) == Ids{2, 5, 0, 4, 1, 3});
  CHECK(values(argsort(x, 0, true)) == Ids{1, 3, 0, 4, 2, 5});
  CHECK(values(topk(x, 3).indices) == Ids{1, 3, 0});
  CHECK(values(topk(x, 3, 0, false).indices) == Ids{2, 5, 0});
}

TEST_CASE("sort and topk order i64 beyond 2^53") {
  const Tensor x = ids({largest, largest - 1, smallest, largest - 2});
  CHECK(values(sort(x).values) == Ids{smallest, largest - 2, largest - 1, largest});
  CHECK(values(topk(x, 2).values) == Ids{largest, largest - 1});
}

TEST_CASE("sort along an axis between others orders each line alone") {
  const Tensor x = Tensor::uniform({3, 50, 4}, -1, 1, Philox(1, 0));
  const auto [sorted, indices] = sort(x, 1);
  CHECK(gather(x, 1, indices).to_vector<float>() == sorted.to_vector<float>());
  CHECK(to_string(narrow(sorted, 1, 0, 5)) == to_string(topk(x, 5, 1, false).values));
  for (Index i = 0; i + 1 < 50; ++i)
    for (float later : less(select(sorted, 1, i + 1), select(sorted, 1, i)).to_vector<float>()) CHECK(later == 0);
}

TEST_CASE("products of i64 are exact and wrap at 2^63") {
  CHECK(values(prod(ids({3, -4, 5}))) == Ids{-60});
  CHECK(values(prod(ids({Index{1} << 62, 2}))) == Ids{smallest});
  CHECK(values(cumprod(ids({3, 0, 7, -1}), 0)) == Ids{3, 0, 0, 0});
  CHECK(values(prod(ids({1, 2, 3, 4, 5, 6}, {3, 2}), 0)) == Ids{15, 48});
}

TEST_CASE("arithmetic of i64 is exact beyond 2^53 and wraps at 2^63") {
  const Tensor x = ids({largest, largest - 1, smallest, 3});
  CHECK(values(x + 0) == values(x));
  CHECK(values(x - 1) == Ids{largest - 1, largest - 2, largest, 2});
  CHECK(values(x * ids({1, 2, -1, -5})) == Ids{largest, -4, smallest, -15});
  CHECK(values(-x) == Ids{-largest, 1 - largest, smallest, -3});
  CHECK(values(abs(x)) == Ids{largest, largest - 1, smallest, 3});
  CHECK(values(7 - ids({10})) == Ids{-3});
  CHECK(values(square(ids({-3}))) == Ids{9});
  CHECK(values(minimum(x, largest - 1)) == Ids{largest - 1, largest - 1, smallest, 3});
  CHECK(values(maximum(ids({1, 5}, {2, 1}), ids({2, 9}))) == Ids{2, 9, 5, 9});
  CHECK(values(clamp(x, ids({0}), largest - 2)) == Ids{largest - 2, largest - 2, 0, 3});
  CHECK(values(sum(x)) == Ids{smallest});
  CHECK(values(cumsum(x, 0)) == Ids{largest, -3, largest - 2, smallest});
  CHECK(values(max(x)) == Ids{largest});
  CHECK(values(min(x)) == Ids{smallest});
  CHECK(values(where(ids({1, 0, 1, 0}), x, -1)) == Ids{largest, -1, smallest, -1});
  CHECK(less(x, largest).to_vector<float>() == std::vector<float>{0, 1, 1, 1});
  CHECK(values(count_nonzero(ids({0, 2, 0, -1}))) == Ids{2});
}

TEST_CASE("division of i64 rounds down, also at its limits") {
  const Tensor x = ids({7, -7, smallest, largest, smallest});
  CHECK(values(floor_divide(x, ids({2, 2, -1, -1, largest}))) == Ids{3, -4, smallest, -largest, -2});
  CHECK(values(x % ids({2, 2, -1, -1, largest})) == Ids{1, 1, 0, 0, largest - 1});
  CHECK(values(20 % ids({6, -6})) == Ids{2, -4});
  CHECK(values(floor_divide(ids({-1}), 3)) == Ids{-1});
  CHECK_THROWS_WITH(floor_divide(x, ids({1, 2, 0, 4, 5})), ContainsSubstring("position 2"));
  CHECK_THROWS_WITH(x % 0, ContainsSubstring("remainder: the divisor is 0"));
}

TEST_CASE("clamp passes no gradient at NaN, and infinite bounds are none") {
  const Tensor x = leaf({NAN, -5, 5, INFINITY});
  sum(clamp(x, -INFINITY, 2)).backward();
  CHECK(x.grad().to_vector<double>() == std::vector<double>{0, 1, 0, 0});
}

TEST_CASE("clamp takes one bound, and argmax and argmin take all elements") {
  CHECK(values(clamp(ids({-3, 3}), 0)) == Ids{0, 3});
  CHECK(values(clamp_max(ids({-3, 3}), ids({-4, 9}))) == Ids{-4, 3});
  CHECK(clamp(leaf({-3, 3}), {}, leaf({1, 1})).to_vector<double>() == std::vector<double>{-3, 1});
  const Tensor x = ids({1, 7, 7, -2}, {2, 2});
  CHECK(argmax(x).item() == 1);
  CHECK(argmin(x, {}, true).shape() == Shape{1, 1});
  CHECK(values(argmin(x)) == Ids{3});
}

TEST_CASE("slices with a step are those of Python") {
  const Tensor x = Tensor::arange(7);
  CHECK(values(slice(x, 0, 0, 7, 3)) == Ids{0, 3, 6});
  CHECK(values(slice(x, 0, -5, -1, 2)) == Ids{2, 4});
  CHECK(values(slice(x, 0, 1, largest, largest)) == Ids{1});
  CHECK(values(slice(x, 0, smallest, 3, 2)) == Ids{0, 2});
  CHECK(slice(x, 0, 5, 2, 2).numel() == 0);
}

TEST_CASE("any and all of no elements are false and true") {
  const Tensor x = Tensor::zeros({0, 2});
  CHECK(any(x, 0).to_vector<float>() == std::vector<float>{0, 0});
  CHECK(all(x, 0).to_vector<float>() == std::vector<float>{1, 1});
  CHECK(allclose(x, x));
  CHECK_FALSE(allclose(leaf({1, 2}), leaf({1, 2.1})));
}

TEST_CASE("linspace includes both ends, and eye is the identity") {
  CHECK(linspace(-1, 1, 5, DType::f64).to_vector<double>() == std::vector<double>{-1, -0.5, 0, 0.5, 1});
  CHECK(linspace(0, 0.3, 4, DType::f64).to_vector<double>().back() == 0.3);
  CHECK(linspace(2, 5, 1).to_vector<float>() == std::vector<float>{2});
  CHECK(linspace(2, 5, 0).numel() == 0);
  CHECK(values(eye(2, DType::i64)) == Ids{1, 0, 0, 1});
  CHECK(values(full_like(ids({1, 2}), 7)) == Ids{7, 7});
}

TEST_CASE("of repeated indices, scatter keeps the last, which gets the gradient") {
  const Tensor x = leaf({1, 2, 3}), src = leaf({10, 20, 30});
  const Tensor y = scatter(x, 0, ids({2, 0, 2}), src);
  CHECK(y.to_vector<double>() == std::vector<double>{20, 2, 30});
  sum(y * leaf({1, 10, 100}).detach()).backward();
  CHECK(x.grad().to_vector<double>() == std::vector<double>{0, 10, 0});
  CHECK(src.grad().to_vector<double>() == std::vector<double>{0, 1, 100});
  CHECK(values(scatter(ids({1, 2, 3}), 0, ids({1}), 7)) == Ids{1, 7, 3});
}

TEST_CASE("rounding and sign of i64 are exact") {
  const Tensor x = ids({largest, -7, 0, smallest});
  for (const auto& f : {floor, ceil, gradus::round, gradus::trunc}) CHECK(values(f(x)) == values(x));
  CHECK(values(sign(x)) == Ids{1, -1, 0, -1});
}

TEST_CASE("triangles take any diagonal") {
  const Tensor x = ids({1, 2, 3, 4, 5, 6}, {2, 3});
  CHECK(values(tril(x, -1)) == Ids{0, 0, 0, 4, 0, 0});
  CHECK(values(triu(x, 1)) == Ids{0, 2, 3, 0, 0, 6});
  CHECK(values(tril(x, largest)) == values(x));
  CHECK(values(triu(x, smallest)) == values(x));
  CHECK(values(tril(x, smallest)) == Ids(6));
  CHECK(values(triu(x, largest)) == Ids(6));
  CHECK(diagonal(x, largest).numel() == 0);
  CHECK(diagonal(x, smallest).numel() == 0);
  CHECK(values(trace(x)) == Ids{6});
}

TEST_CASE("repeat, tile and roll take as many axes as a tensor has") {
  const Tensor x = Tensor::ones({1, 1, 1, 1, 1, 1, 1, 2});
  CHECK(repeat(x, {1, 1, 1, 1, 1, 1, 3, 2}).shape() == Shape{1, 1, 1, 1, 1, 1, 3, 4});
  CHECK(tile(x, {2}).shape() == Shape{1, 1, 1, 1, 1, 1, 1, 4});
  CHECK(repeat(x, {0, 1, 1, 1, 1, 1, 1, 1}).numel() == 0);
  CHECK(values(roll(ids({0, 1, 2}), {smallest}, 0)) == Ids{2, 0, 1});
  CHECK(values(roll(ids({0, 1, 2}), {-4}, 0)) == Ids{1, 2, 0});
}

TEST_CASE("sorting, products and norms have the same bits at any number of threads") {
  const Tensor x = Tensor::normal({300, 400}, 0, 1, Philox(3, 0)).set_requires_grad();
  const std::vector<std::function<Tensor(const Tensor&)>> ops{
      [](const Tensor& t) { return sort(t, 0).values; },
      [](const Tensor& t) { return topk(t, 30).values; },
      [](const Tensor& t) { return prod(t, 1); },
      [](const Tensor& t) { return cumprod(t, 0); },
      [](const Tensor& t) { return norm(t, 3, 0); },
      [](const Tensor& t) { return gradus::std(t, 1); },
      [](const Tensor& t) { return tril(t, 7); },
      [](const Tensor& t) { return max(t, 0); },
      [](const Tensor& t) { return max_with_indices(t, 1).values; },
      [](const Tensor& t) { return cumsum(t, 0); },
      [](const Tensor& t) { return t % 0.3; },
  };
  for (std::size_t k = 0; k < ops.size(); ++k) {
    std::vector<std::vector<float>> first;
    for (int threads : {1, 2, 8}) {
      set_threads(threads);
      const Tensor y = ops[k](x);
      const std::vector<std::vector<float>> now{y.detach().to_vector<float>(),
                                                grad({sum(y)}, {x})[0].to_vector<float>()};
      if (threads == 1) first = now;
      INFO("op " << k << " at " << threads << " threads");
      CHECK(now == first);
    }
  }
  set_threads(0);
}

TEST_CASE("wrong calls of these ops are errors at the caller's line") {
  const Tensor x = Tensor::ones({2, 3}), i = ids({1, 2});
  const std::vector<std::pair<std::string, std::function<void()>>> calls{
      {"sort", [&] { sort(x, 2); }},
      {"argsort", [&] { argsort(x, -3); }},
      {"topk", [&] { topk(x, 4); }},
      {"topk", [&] { topk(x, -1); }},
      {"topk", [&] { topk(x, 1, 5); }},
      {"prod", [&] { prod(x, 2); }},
      {"prod",
       [&] {
         prod(x, {0, -2});
       }},
      {"cumprod", [&] { cumprod(x, 2); }},
      {"norm", [&] { norm(i); }},
      {"norm", [&] { norm(x, NAN); }},
      {"norm", [&] { norm(x, 2, 7); }},
      {"std", [&] { gradus::std(i); }},
      {"std", [&] { gradus::std(x, 3); }},
      {"tril", [&] { tril(i); }},
      {"triu", [&] { triu(Tensor::ones({})); }},
      {"diagonal", [&] { diagonal(x, 0, 1, -1); }},
      {"diagonal", [&] { diagonal(x, 0, 0, 2); }},
      {"trace", [&] { trace(i); }},
      {"repeat", [&] { repeat(x, {2}); }},
      {"repeat",
       [&] {
         repeat(x, {-1, 2});
       }},
      {"repeat",
       [&] {
         repeat(x, {1, largest / 2});
       }},
      {"tile", [&] { tile(x, {-1}); }},
      {"repeat_interleave", [&] { repeat_interleave(x, -1, 0); }},
      {"repeat_interleave",
       [&] {
         repeat_interleave(x, 2, {0, 1});
       }},
      {"repeat_interleave", [&] { repeat_interleave(x, 2, 2); }},
      {"roll",
       [&] {
         roll(x, {1, 2}, 0);
       }},
      {"roll",
       [&] {
         roll(x, {1, 2});
       }},
      {"roll", [&] { roll(x, {1}, 2); }},
      {"max_with_indices", [&] { max_with_indices(x, 2); }},
      {"argmin", [&] { argmin(Tensor::ones({0}), 0); }},
      {"add",
       [&] {
         i + ids({1, 2, 3});
       }},
      {"add", [&] { i + x; }},
      {"add", [&] { i + 0.5; }},
      {"div", [&] { i / i; }},
      {"mean", [&] { mean(i); }},
      {"var", [&] { var(i); }},
      {"floor_divide", [&] { floor_divide(x, i); }},
      {"floor_divide", [&] { floor_divide(i, 0.5); }},
      {"floor_divide", [&] { floor_divide(i, 0); }},
      {"remainder", [&] { remainder(x, Tensor::ones({4})); }},
      {"clamp", [&] { clamp(x, 1, 0); }},
      {"clamp", [&] { clamp(x, NAN, 0); }},
      {"clamp", [&] { clamp(x, NAN); }},
      {"clamp", [&] { clamp(x); }},
      {"clamp", [&] { clamp(x, Tensor::ones({4}), 1); }},
      {"clamp", [&] { clamp(i, 0.5, 1); }},
      {"slice", [&] { slice(x, 0, 0, 2, 0); }},
      {"slice", [&] { slice(x, 0, 0, 2, -1); }},
      {"scatter",
       [&] {
         scatter(x, 0, ids({5}, {1, 1}), 1);
       }},
      {"scatter",
       [&] {
         scatter(x, 0, ids({-1}, {1, 1}), 1);
       }},
      {"scatter", [&] { scatter(x, 0, i, 1); }},
      {"scatter",
       [&] {
         scatter(x, 1, ids({0, 1}, {2, 1}), Tensor::ones({2, 2}));
       }},
      {"flip",
       [&] {
         flip(x, {0, -2});
       }},
      {"logical_or", [&] { logical_or(x, i); }},
      {"isclose", [&] { isclose(x, Tensor::ones({4})); }},
      {"eye", [&] { eye(-1); }},
      {"linspace", [&] { linspace(0, 1, -1); }},
      {"linspace", [&] { linspace(0, 1, 3, DType::i64); }},
  };
  for (const auto& [op, call] : calls) {
    INFO(op);
    CHECK_THROWS_WITH(call(), ContainsSubstring(op + ":") && ContainsSubstring("autograd_tensors_test.cpp"));
  }
}

}  // namespace gradus::autograd_tensors_test
