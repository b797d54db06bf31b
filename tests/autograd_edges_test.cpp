// Ops at the edges of their arguments: scalars, sizes near the limit, flags beside numbers.
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>

#include "catch.h"

namespace gradus::autograd_edges_test {

using Catch::Matchers::ContainsSubstring;

namespace {

constexpr Index power(int n) { return Index{1} << n; }

Tensor scalar(double value) { return Tensor::scalar(value, DType::f64); }
Tensor ids(const std::vector<Index>& values, const Shape& shape) { return Tensor::from(values, shape); }

void is(const Tensor& t, const Shape& shape, const std::vector<double>& values) {
  CHECK(t.shape() == shape);
  CHECK(to(t, DType::f64).to_vector<double>() == values);
}

// Calls with one type in the place of an extent, an axis or a count.
template <class T>
concept extent = requires(T t) {
  Shape{2, t};
};
template <class T>
concept single_extent = requires(T t) {
  Tensor::zeros({t});
};
template <class T>
concept axis = requires(const Tensor& x, T t) {
  sum(x, {0, t});
};
template <class T>
concept count = requires(const Tensor& x, T t) {
  repeat(x, {2, t});
};
template <class T>
concept piece = requires(const Tensor& x, T t) {
  split(x, {1, t});
};
template <class T>
concept ignored = requires(T t) {
  CrossEntropyOptions{.ignore_index = t};
};
template <class T>
concept smoothing = requires(T t) {
  CrossEntropyOptions{.label_smoothing = t};
};
template <class T>
concept shift = requires(const Tensor& x, T t) {
  roll(x, t, 0);
};

}  // namespace

TEST_CASE("ops along an axis take a scalar with the axis 0 or -1, as in PyTorch") {
  const Tensor x = scalar(3), zero = ids({0}, {}), five = scalar(5);
  const Tensor row = Tensor::from({1.0, 2.0}), first = ids({0}, {1}), values = Tensor::from({5.0});
  for (const Index axis : {0, -1}) {
    is(argmax(x, axis), {}, {0});
    is(argmin(x, axis, true), {}, {0});
    is(cumsum(x, axis), {}, {3});
    is(cumprod(x, axis), {}, {3});
    is(flip(x, axis), {}, {3});
    is(argsort(x, axis), {}, {0});
    for (const auto& [found, at] :
         {sort(x, axis), topk(x, 1, axis), max_with_indices(x, axis), min_with_indices(x, axis, true)}) {
      is(found, {}, {3});
      is(at, {}, {0});
    }
    is(gather(x, axis, zero), {}, {3});
    is(gather(x, axis, first), {1}, {3});
    is(gather(row, axis, zero), {}, {1});
    is(scatter(x, axis, zero, five), {}, {5});
    is(scatter(x, axis, first, values), {}, {5});
    is(scatter(x, axis, zero, 7), {}, {7});
    is(scatter(row, axis, zero, five), {2}, {5, 2});
    is(scatter_add(x, axis, zero, five), {}, {8});
    is(scatter_add(row, axis, zero, five), {2}, {6, 2});
    is(index_select(x, axis, zero), {}, {3});
    is(index_select(x, axis, first), {}, {3});
    is(movedim(x, axis, axis), {}, {3});
  }
  CHECK(cumsum(x, 0).data<double>() != x.data<double>());
  const std::vector<std::function<void()>> wrong{[&] { argmax(x, 1); },       [&] { cumsum(x, -2); },
                                                 [&] { cumprod(x, 1); },      [&] { flip(x, 1); },
                                                 [&] { sort(x, 1); },         [&] { topk(x, 1, 1); },
                                                 [&] { argsort(x, 1); },      [&] { max_with_indices(x, 1); },
                                                 [&] { gather(x, 1, zero); }, [&] { scatter(x, 1, zero, 1); }};
  for (const auto& call : wrong)
    CHECK_THROWS_WITH(call(), ContainsSubstring("a scalar has no axis") && ContainsSubstring("autograd_edges_test"));
  CHECK_THROWS_WITH(topk(x, 2), ContainsSubstring("topk: k is 2, expected 1 for the scalar f64 []"));
  CHECK_THROWS_WITH(gather(x, 0, ids({1}, {})), ContainsSubstring("gather: id 1 at position 0 is outside [0, 1)"));
  CHECK_THROWS_WITH(gather(x, 0, ids({0, 0}, {1, 2})), ContainsSubstring("must have as many axes"));
}

TEST_CASE("regression: ops of 2^59 elements beside a 0 ended in std::bad_alloc or did not end") {
  const Index most = power(59);
  const Tensor tall = Tensor::zeros({most, 0}), wide = Tensor::zeros({0, most});
  CHECK(flip(tall, {0, 1}).shape() == tall.shape());
  CHECK(flip(wide, 1).shape() == wide.shape());
  CHECK(slice(tall, 0, 0, most, 2).shape() == Shape{power(58), 0});
  CHECK(slice(tall, 0, 1, most, 2).shape() == Shape{power(58), 0});
  CHECK(diagonal(Tensor::zeros({power(29), power(29), 0}), 0, 0, 1).shape() == Shape{0, power(29)});
  CHECK(diagonal(tall).shape() == Shape{0});
  CHECK(cumsum(tall, 0).shape() == tall.shape());
  CHECK(cumsum(tall, 1).shape() == tall.shape());
  CHECK(cumprod(tall, 1).shape() == tall.shape());
  CHECK(sort(tall, 0).values.shape() == tall.shape());
  CHECK(sort(tall, 1).values.shape() == tall.shape());
  CHECK(topk(wide, 1, 1).indices.shape() == Shape{0, 1});
  CHECK(tril(tall).shape() == tall.shape());
  CHECK(triu(wide).shape() == wide.shape());
  CHECK(narrow(tall, 1, 0, 0).shape() == tall.shape());
  CHECK(pad(narrow(tall, 0, 0, power(58)), 0, 1, 0).shape() == Shape{power(58) + 1, 0});
  CHECK(concat({tall, tall}, 1).shape() == tall.shape());
  CHECK(index_select(tall, 1, ids({}, {0})).shape() == tall.shape());
  CHECK(index_add(tall, 1, ids({}, {0}), 0).shape() == tall.shape());
  CHECK(roll(tall, 1, 0).shape() == tall.shape());
  CHECK(permute(tall, {1, 0}).shape() == wide.shape());
  CHECK(sum(Tensor::zeros({power(30), power(29), 0}), 1).shape() == Shape{power(30), 0});
  CHECK(matmul(Tensor::zeros({power(59), 0, 1}), Tensor::zeros({1, 0})).shape() == Shape{power(59), 0, 0});
  CHECK(batch_norm(Tensor::zeros({power(57), 1, 4, 0}), Tensor::zeros({1}), Tensor::ones({1})).numel() == 0);
  const Tensor leaf = Tensor::zeros({power(59), 0}).set_requires_grad();
  sum(narrow(leaf, 1, 0, 0)).backward();
  CHECK(leaf.grad().shape() == leaf.shape());
  CHECK(softmax(tall, 0).shape() == tall.shape());
  CHECK(softmax(tall, 1).shape() == tall.shape());
}

TEST_CASE("a list of more pieces than memory holds is an error with the bytes") {
  const Tensor tall = Tensor::zeros({power(59), 0});
  const auto refuses = [](const std::function<void()>& call, const std::string& op) {
    CHECK_THROWS_WITH(call(),
                      ContainsSubstring(op + ": there is not enough memory: a list of 576460752303423488 pieces "
                                             "of f32 [576460752303423488, 0] needs") &&
                          ContainsSubstring("autograd_edges_test.cpp:"));
  };
  refuses([&] { unbind(tall); }, "unbind");
  refuses([&] { chunk(tall, power(59)); }, "chunk");
  refuses([&] { split(tall, 1); }, "split");
}

TEST_CASE("a tensor that memory does not hold is an error with the op and the place of the call") {
  const auto says = [](const std::function<void()>& call, const std::string& what) {
    CHECK_THROWS_WITH(
        call(), ContainsSubstring(what) && ContainsSubstring("(at ") && ContainsSubstring("autograd_edges_test.cpp:"));
  };
  says([] { Tensor::zeros({power(50)}); }, "there is not enough memory: a tensor f32 [1125899906842624]");
  says([] { Tensor::full({power(50)}, 1); }, "there is not enough memory: a tensor");
  says([] { Tensor::arange(power(50)); }, "there is not enough memory: a tensor i64");
  says([] { Tensor::normal({power(50)}, 0, 1, Philox(1, 1)); }, "there is not enough memory: a tensor");
  says([] { Tensor::zeros({-1}); }, "no tensor has shape [-1]");
  const Tensor x = Tensor::ones({1});
  says([&] { pad(x, 0, power(50), 0); }, "pad: there is not enough memory: a tensor");
  says([&] { expand(x, {power(50)}); }, "expand: there is not enough memory: a tensor");
  says([&] { repeat(x, power(50)); }, "expand: there is not enough memory: a tensor");
  says([&] { one_hot(ids({0}, {1}), power(50)); }, "one_hot: there is not enough memory: a tensor i64");
  says([&] { eye(power(25)); }, "eye: there is not enough memory: a tensor");
  says([&] { norm(Tensor::zeros({power(50), 0}), 2, -1); }, "norm: there is not enough memory: a tensor");
  const Tensor column = Tensor::zeros({power(25), 0});
  says([&] { matmul(column, transpose(column)); }, "matmul: there is not enough memory: a tensor");
}

TEST_CASE("a bool is neither an extent nor an axis nor a count") {
  CHECK(extent<int>);
  CHECK(extent<std::uint64_t>);
  CHECK_FALSE(extent<bool>);
  CHECK_FALSE(extent<double>);
  CHECK(single_extent<short>);
  CHECK_FALSE(single_extent<bool>);
  CHECK(axis<int>);
  CHECK_FALSE(axis<bool>);
  CHECK(count<int>);
  CHECK_FALSE(count<bool>);
  CHECK(piece<unsigned>);
  CHECK_FALSE(piece<bool>);
  CHECK(shift<int>);
  CHECK_FALSE(shift<bool>);
  CHECK(ignored<int>);
  CHECK_FALSE(ignored<bool>);
  CHECK(smoothing<double>);
  CHECK_FALSE(smoothing<bool>);
  CHECK_THROWS_WITH((Shape{1, std::numeric_limits<std::uint64_t>::max()}), ContainsSubstring("above 2^63 - 1"));
  CHECK(Shape{std::uint8_t{3}, 2u} == Shape{3, 2});
}

TEST_CASE("item returns the asked type, and refuses what it does not hold") {
  CHECK(ids({7}, {}).item<int>() == 7);
  CHECK(ids({power(62) + 1}, {1}).item<Index>() == power(62) + 1);
  CHECK(Tensor::scalar(2.5).item<float>() == 2.5F);
  CHECK(Tensor::scalar(-3).item<std::int8_t>() == -3);
  CHECK(all(Tensor::ones({2})).item<bool>());
  CHECK_FALSE(any(Tensor::zeros({2})).item<bool>());
  CHECK_THROWS_WITH(Tensor::scalar(2.5).item<int>(),
                    ContainsSubstring("does not hold 2.5 of f32 []") && ContainsSubstring("autograd_edges_test.cpp"));
  CHECK_THROWS_AS(Tensor::scalar(300).item<std::uint8_t>(), Error);
  CHECK_THROWS_AS(ids({-1}, {}).item<unsigned>(), Error);
  CHECK_THROWS_AS(scalar(std::numeric_limits<double>::quiet_NaN()).item<int>(), Error);
  CHECK_THROWS_AS(scalar(1e300).item<Index>(), Error);
  CHECK_THROWS_WITH(ids({1, 2}, {2}).item<int>(), ContainsSubstring("has 2 elements, expected one"));
}

TEST_CASE("regression: an operand of integers beside a floating one was reported as two of integers") {
  const Tensor i = ids({1, 2}, {2});
  CHECK_THROWS_WITH(i * Tensor::from({1.0, 2.0}), ContainsSubstring("mul: operands i64 [2] and f64 [2], expected"));
  CHECK_THROWS_WITH(i * 0.5, ContainsSubstring("mul: i64 [2] must be f32 or f64; convert with to(x, DType::f32)"));
}

TEST_CASE("split takes one size, of which the last piece may be smaller") {
  const Tensor x = Tensor::arange(7);
  const auto extents = [](const std::vector<Tensor>& pieces) {
    std::vector<Index> found;
    for (const Tensor& t : pieces) found.push_back(t.size(0));
    return found;
  };
  CHECK(extents(split(x, 3)) == std::vector<Index>{3, 3, 1});
  CHECK(extents(split(x, 7)) == std::vector<Index>{7});
  CHECK(extents(split(x, 100)) == std::vector<Index>{7});
  CHECK(extents(split(Tensor::zeros({0}), 2)) == std::vector<Index>{0});
  CHECK(split(x, 3)[2].item<int>() == 6);
  CHECK_THROWS_WITH(split(x, 0), ContainsSubstring("split: the size is 0"));
  CHECK_THROWS_WITH(split(x, {3}), ContainsSubstring("do not add up"));
}

TEST_CASE("movedim moves axes as in PyTorch") {
  const Tensor x = Tensor::normal({2, 3, 4, 5}, 0, 1, Philox(1, 1));
  const auto same = [](const Tensor& a, const Tensor& b) {
    return a.shape() == b.shape() && a.to_vector<float>() == b.to_vector<float>();
  };
  CHECK(same(movedim(x, 1, 3), permute(x, {0, 2, 3, 1})));
  CHECK(same(movedim(x, -1, 0), permute(x, {3, 0, 1, 2})));
  CHECK(same(movedim(x, {0, 1}, {-1, -2}), permute(x, {2, 3, 1, 0})));
  CHECK(same(movedim(x, {}, {}), x));
  CHECK_THROWS_WITH(movedim(x, {0, 1}, 2), ContainsSubstring("movedim: 2 axes to 1 positions"));
  CHECK_THROWS_WITH(movedim(x, {0, 0}, {1, 2}), ContainsSubstring("named twice"));
  CHECK_THROWS_WITH(movedim(x, {0, 1}, {2, -2}), ContainsSubstring("named twice"));
  CHECK_THROWS_WITH(movedim(x, 4, 0), ContainsSubstring("movedim: axis 4 is not in shape"));
}

TEST_CASE("rand_like and randn_like draw from RandomScope in the shape and dtype of their tensor") {
  const Tensor x = Tensor::zeros({100, 50}, DType::f64);
  const auto draw = [&](std::uint64_t stream, Tensor (*f)(const Argument&)) {
    const RandomScope random(1, stream);
    const Tensor y = f(x);
    CHECK(y.dtype() == DType::f64);
    CHECK(y.shape() == x.shape());
    CHECK(f(x).to_vector<double>() != y.to_vector<double>());
    return y;
  };
  const Tensor uniform = draw(1, rand_like), normal = draw(1, randn_like);
  CHECK(uniform.to_vector<double>() == draw(1, rand_like).to_vector<double>());
  CHECK(normal.to_vector<double>() != draw(2, randn_like).to_vector<double>());
  CHECK(min(uniform).item() >= 0);
  CHECK(max(uniform).item() < 1);
  CHECK(mean(uniform).item() == Approx(0.5).margin(0.02));
  CHECK(mean(normal).item() == Approx(0).margin(0.06));
  CHECK(var(normal).item() == Approx(1).margin(0.1));
  CHECK_THROWS_WITH(rand_like(Tensor::arange(2)), ContainsSubstring("rand_like: i64 [2] must be f32 or f64"));
  CHECK_THROWS_WITH(randn_like(Tensor::arange(2)), ContainsSubstring("randn_like: i64 [2] must be f32 or f64"));
}

}  // namespace gradus::autograd_edges_test
