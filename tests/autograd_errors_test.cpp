// Messages of wrong calls: the op, the shapes, what was expected, and the line of the call.
#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <gradus/autograd/engine/node.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>

#include "catch.h"

namespace gradus::autograd_errors_test {

using Catch::Matchers::ContainsSubstring;

namespace {

struct Wrong {
  const char* op;
  std::function<void()> call;
  std::vector<std::string> says;
};

Tensor f32(const Shape& s) { return Tensor::ones(s); }
Tensor ids(const std::vector<Index>& v) { return Tensor::from(v, {static_cast<Index>(v.size())}); }

}  // namespace

TEST_CASE("the message of a wrong call contains the op, its inputs and the line") {
  const Tensor a = f32({2, 3}), b = f32({4, 5}), d = Tensor::ones({2, 3}, DType::f64), i = ids({0, 1});
  const std::vector<Wrong> all{
      {"add", [&] { add(a, b); }, {"[2, 3]", "[4, 5]"}},
      {"add", [&] { a + b; }, {"[2, 3]", "[4, 5]"}},
      {"sub", [&] { a - b; }, {"[2, 3]", "[4, 5]"}},
      {"mul", [&] { a* d; }, {"f32 [2, 3]", "f64 [2, 3]", "to(x"}},
      {"div", [&] { a / b; }, {"[2, 3]", "[4, 5]"}},
      {"exp", [&] { exp(i); }, {"i64 [2]"}},
      {"pow", [&] { pow(a, b); }, {"[2, 3]", "[4, 5]"}},
      {"maximum", [&] { maximum(a, b); }, {"[2, 3]", "[4, 5]"}},
      {"clamp", [&] { clamp(a, 2, 1); }, {"2", "1"}},
      {"where", [&] { where(a, a, b); }, {"[2, 3]", "[4, 5]"}},
      {"where", [&] { where(a, a, d); }, {"f32", "f64"}},
      {"equal", [&] { equal(a, d); }, {"f32", "f64"}},
      {"reshape",
       [&] {
         reshape(a, {4, 2});
       },
       {"[2, 3]", "[4, 2]", "6"}},
      {"reshape",
       [&] {
         reshape(a, {-1, 4});
       },
       {"[2, 3]", "[-1, 4]"}},
      {"flatten", [&] { flatten(a, 1, 0); }, {"1", "0"}},
      {"squeeze", [&] { squeeze(a, 2); }, {"[2, 3]", "2"}},
      {"unsqueeze", [&] { unsqueeze(a, 4); }, {"[2, 3]", "4"}},
      {"transpose", [&] { transpose(a, 0, 2); }, {"[2, 3]", "2"}},
      {"permute", [&] { permute(a, {0}); }, {"[2, 3]"}},
      {"permute",
       [&] {
         permute(a, {0, 0});
       },
       {"[2, 3]", "0"}},
      {"expand",
       [&] {
         expand(a, {2, 4});
       },
       {"[2, 3]", "[2, 4]"}},
      {"sum_to", [&] { sum_to(a, {4}); }, {"[2, 3]", "[4]"}},
      {"narrow", [&] { narrow(a, 1, 2, 2); }, {"[2, 3]", "start 2 and length 2"}},
      {"select", [&] { select(a, 0, 2); }, {"[2, 3]", "2"}},
      {"pad", [&] { pad(a, 0, -1, 0); }, {"-1"}},
      {"concat",
       [&] {
         concat({a, b}, 0);
       },
       {"[2, 3]", "[4, 5]"}},
      {"concat", [&] { concat({}, 0); }, {"no tensors"}},
      {"split",
       [&] {
         split(a, {1, 1}, 1);
       },
       {"[2, 3]", "[1, 1]"}},
      {"chunk", [&] { chunk(a, 2, 1); }, {"[2, 3]", "2"}},
      {"embedding",
       [&] {
         embedding(a, ids({0, 2}));
       },
       {"2", "position 1"}},
      {"embedding", [&] { embedding(a, a); }, {"i64", "f32 [2, 3]"}},
      {"index_select", [&] { index_select(a, 1, ids({-1})); }, {"-1"}},
      {"index_add", [&] { index_add(a, 0, ids({0}), 4); }, {"[1]", "[2, 3]"}},
      {"gather", [&] { gather(a, 0, i); }, {"[2]", "[2, 3]"}},
      {"scatter_add", [&] { scatter_add(f32({3}), 0, i, f32({1})); }, {"[1]", "[2]"}},
      {"sum", [&] { sum(a, {2}); }, {"[2, 3]", "2"}},
      {"sum",
       [&] {
         sum(a, {0, 0});
       },
       {"[2, 3]"}},
      {"mean", [&] { mean(a, {-3}); }, {"[2, 3]", "-3"}},
      {"max",
       [&] {
         max(f32({2, 0}), {1});
       },
       {"[2, 0]", "no elements"}},
      {"argmax", [&] { argmax(f32({0}), 0); }, {"[0]"}},
      {"cumsum", [&] { cumsum(a, 2); }, {"[2, 3]", "2"}},
      {"softmax", [&] { softmax(a, 2); }, {"[2, 3]", "2"}},
      {"matmul", [&] { matmul(a, b); }, {"[2, 3]", "[4, 5]", "3", "4"}},
      {"matmul", [&] { matmul(a, f32({})); }, {"[]"}},
      {"linear",
       [&] {
         linear(a, f32({5, 4}));
       },
       {"[2, 3]", "[5, 4]"}},
      {"linear",
       [&] {
         linear(a, f32({5, 3}), f32({4}));
       },
       {"[4]", "[5]"}},
      {"attention",
       [&] {
         attention(f32({1, 2, 4}), f32({1, 3, 6}), f32({1, 3, 4}), 2);
       },
       {"[1, 2, 4]", "[1, 3, 6]"}},
      {"attention",
       [&] {
         attention(f32({1, 2, 4}), f32({1, 3, 4}), f32({1, 3, 4}), 3);
       },
       {"3 heads"}},
      {"attention",
       [&] {
         attention(f32({1, 2, 4}), f32({1, 3, 4}), f32({1, 3, 4}), 1, {.mask = f32({1, 4})});
       },
       {"[1, 4]", "[1, 1, 2, 3]", "[batch, 1, 1, S]"}},
      {"attention",
       [&] {
         attention(f32({2, 2, 4}), f32({2, 3, 4}), f32({2, 3, 4}), 1, {.mask = f32({2, 2, 3})});
       },
       {"[2, 2, 3]"}},
      {"attention",
       [&] {
         attention(f32({2, 2, 4}), f32({2, 3, 4}), f32({2, 3, 4}), 1, {.bias = f32({2, 2, 3})});
       },
       {"bias", "[2, 2, 3]", "[2, 1, 2, 3]"}},
      {"attention",
       [&] {
         attention(f32({2, 2, 4}), f32({2, 3, 4}), f32({2, 3, 4}), 1, {.bias = Tensor::zeros({2, 3}, DType::i64)});
       },
       {"bias", "i64"}},
      {"layer_norm", [&] { layer_norm(a, f32({2}), {}); }, {"[2]", "[3]"}},
      {"dropout", [&] { dropout(a, 1); }, {"1"}},
      {"conv2d",
       [&] {
         conv2d(f32({1, 2, 4, 4}), f32({3, 1, 2, 2}), {});
       },
       {"[1, 2, 4, 4]", "[3, 1, 2, 2]"}},
      {"unfold",
       [&] {
         unfold(f32({1, 1, 2, 2}), 3, 3, 1, 0);
       },
       {"kernel of 3", "height 2"}},
      {"cross_entropy",
       [&] {
         cross_entropy(a, ids({0, 3}));
       },
       {"3", "position 1", "ignore_index"}},
      {"cross_entropy", [&] { cross_entropy(a, ids({0})); }, {"[2, 3]", "[1]"}},
      {"mse_loss", [&] { mse_loss(a, b); }, {"[2, 3]", "[4, 5]"}},
      {"lstm_gates",
       [&] {
         lstm_gates(f32({2, 12}), f32({2, 4}));
       },
       {"[2, 12]", "[2, 4]"}},
      {"gru_gates",
       [&] {
         gru_gates(f32({2, 9}), f32({2, 9}), f32({2, 4}));
       },
       {"[2, 9]", "[2, 4]"}},
  };
  for (const Wrong& w : all) {
    try {
      w.call();
      FAIL(w.op << " accepted what it should refuse");
    } catch (const Error& e) {
      const std::string text = e.what();
      INFO(text);
      CHECK_THAT(text, ContainsSubstring(w.op));
      CHECK_THAT(text, ContainsSubstring("autograd_errors_test.cpp:"));
      for (const std::string& part : w.says) CHECK_THAT(text, ContainsSubstring(part));
    }
  }
}

TEST_CASE("a message contains the exact line and the paths of parameters") {
  const Tensor w = Tensor::ones({5, 4}).set_requires_grad().set_name("decoder.query.weight");
  const std::string line = "autograd_errors_test.cpp:" + std::to_string(__LINE__ + 1);
  CHECK_THROWS_WITH(linear(f32({2, 3}), w), ContainsSubstring(line) && ContainsSubstring("decoder.query.weight"));
}

TEST_CASE("tensors refuse impossible shapes and values") {
  CHECK_THROWS_WITH(Tensor::zeros({2, -1}), ContainsSubstring("[2, -1]"));
  CHECK_THROWS_WITH(Tensor::from<float>({1, 2}, {3}), ContainsSubstring("2 values") && ContainsSubstring("[3]"));
  CHECK_THROWS_WITH(f32({2}).item(), ContainsSubstring("2 elements"));
  CHECK_THROWS_WITH(f32({2}).size(1), ContainsSubstring("[2]") && ContainsSubstring("axis 1"));
  CHECK_THROWS_WITH(f32({2}).data<double>(), ContainsSubstring("f64"));
  CHECK_THROWS_AS(f32({1, 1, 1, 1, 1, 1, 1, 1, 1}), Error);
  Shape shape{2, 3};
  for (const Index axis : {-100'000, -1, 3, 100'000})
    CHECK_THROWS_WITH(shape.insert(axis, 5), ContainsSubstring("inserted at " + std::to_string(axis)));
  shape.insert(2, 5);
  CHECK(shape == Shape{2, 3, 5});
}

TEST_CASE("a value that i64 does not hold is refused, and a conversion to i64 cuts fractions only") {
  const Tensor i = ids({0, 1}), at = ids({0});
  for (const double value :
       {0.5, -0.7, 1e300, -1e300, 0x1p63, static_cast<double>(NAN), static_cast<double>(INFINITY)}) {
    INFO(value);
    const auto refused = ContainsSubstring("a tensor of i64 cannot hold"), here = ContainsSubstring("autograd_errors_");
    CHECK_THROWS_WITH(Tensor::full({2}, value, DType::i64), refused && here);
    CHECK_THROWS_WITH(Tensor::scalar(value, DType::i64), refused && here);
    CHECK_THROWS_WITH(full_like(i, value), refused && here);
    CHECK_THROWS_WITH(masked_fill(i, i, value), refused && here);
    CHECK_THROWS_WITH(where(i, i, value), refused && here);
    CHECK_THROWS_WITH(scatter(i, 0, at, value), refused && here);
    if (std::abs(value) < 1) continue;
    for (const DType dtype : {DType::f32, DType::f64}) {
      const Tensor x = concat({Tensor::zeros({3}, dtype), Tensor::full({1}, value, dtype)});
      CHECK_THROWS_WITH(to(x, DType::i64), ContainsSubstring("to: i64 does not hold") &&
                                               ContainsSubstring("at position 3") &&
                                               ContainsSubstring("autograd_errors_test"));
    }
  }
  CHECK(Tensor::full({1}, -3.0, DType::i64).item<Index>() == -3);
  CHECK(Tensor::full({1}, -0x1p63, DType::i64).item<Index>() == std::numeric_limits<Index>::min());
  CHECK(to(Tensor::from<double>({-1.9, 0.5, 2.7, -0x1p63}), DType::i64).to_vector<Index>() ==
        std::vector<Index>{-1, 0, 2, std::numeric_limits<Index>::min()});
}

TEST_CASE("a norm refuses an eps that is negative or NaN, and attention a scale that is not finite") {
  const Tensor x = f32({2, 4});
  for (const double eps : {-1e-5, static_cast<double>(NAN)}) {
    const auto refused = ContainsSubstring(": eps is"), here = ContainsSubstring("autograd_errors_test");
    CHECK_THROWS_WITH(layer_norm(x, {}, {}, eps), refused && here);
    CHECK_THROWS_WITH(rms_norm(x, {}, eps), refused && here);
    CHECK_THROWS_WITH(group_norm(x, 2, {}, {}, eps), refused && here);
    CHECK_THROWS_WITH(batch_norm(x, {}, {}, {}, {}, true, 0.1, eps), refused && here);
  }
  const Tensor q = f32({1, 2, 4});
  for (const double scale : {static_cast<double>(NAN), static_cast<double>(INFINITY)})
    CHECK_THROWS_WITH(attention(q, q, q, 2, {.scale = scale}), ContainsSubstring("attention: scale is"));
}

TEST_CASE("batch_norm refuses a momentum outside of [0, 1], and running statistics without bytes of their own") {
  const Tensor x = Tensor::normal({4, 2}, 0, 1, Philox(1, 1)), mean = Tensor::zeros({2}), var = Tensor::ones({2});
  for (const double momentum : {-0.1, 7.0, static_cast<double>(NAN)})
    CHECK_THROWS_WITH(batch_norm(x, mean, var, {}, {}, true, momentum), ContainsSubstring("momentum is"));
  const auto refused = ContainsSubstring("overlap in memory"), here = ContainsSubstring("autograd_errors_test");
  CHECK_THROWS_WITH(batch_norm(x, mean, mean, {}, {}, true), refused && here);
  CHECK_THROWS_WITH(batch_norm(x, x[0], x[1], {}, {}, true), refused && here);
  CHECK_THROWS_WITH(batch_norm(x, mean, var, var, {}, true), refused && here);
  CHECK(mean.to_vector<float>() == std::vector<float>{0, 0});
  CHECK(batch_norm(x, mean, mean).shape() == x.shape());
}

TEST_CASE("random tensors refuse numbers that are not finite, intervals in reverse, and what i64 cannot hold") {
  const Philox random(1, 1);
  const double nan = NAN, infinity = INFINITY;
  const auto here = ContainsSubstring("autograd_errors_test");
  for (const auto& [low, high] :
       {std::pair(nan, 1.0), {0.0, nan}, {-infinity, 0.0}, {0.0, infinity}, {-1e308, 1e308}, {1.0, 0.0}})
    CHECK_THROWS_WITH(Tensor::uniform({2}, low, high, random), ContainsSubstring("uniform: the interval is [") && here);
  for (const auto& [mean, std] : {std::pair(nan, 1.0), {0.0, nan}, {infinity, 1.0}, {0.0, infinity}, {0.0, -1.0}})
    CHECK_THROWS_WITH(Tensor::normal({2}, mean, std, random), ContainsSubstring("normal: mean ") && here);
  const auto too_large = ContainsSubstring("a tensor of i64 cannot hold numbers from");
  CHECK_THROWS_WITH(Tensor::uniform({2}, 0, 0x1p64, random, DType::i64), too_large && here);
  CHECK_THROWS_WITH(Tensor::normal({2}, 0, 0x1p62, random, DType::i64), too_large && here);
  CHECK_NOTHROW(Tensor::uniform({2}, 0, std::numeric_limits<Index>::max(), random, DType::i64));
  CHECK(Tensor::uniform({2}, 3, 3, random, DType::i64).to_vector<Index>() == std::vector<Index>{3, 3});
  CHECK(Tensor::normal({2}, 0.5, 0, random).to_vector<float>() == std::vector<float>{0.5f, 0.5f});
}

TEST_CASE("parallel work without a function or with an impossible grain is refused, and any grain from 1 on runs") {
  CHECK_THROWS_WITH(run_shards(3, nullptr), ContainsSubstring("run_shards: the function is empty"));
  for (const Index grain : {Index{0}, Index{-1}})
    CHECK_THROWS_WITH(parallel_for(10, grain, [](Index, Index) {}), ContainsSubstring("grain is"));
  const Index most = std::numeric_limits<Index>::max();
  std::vector<std::pair<Index, Index>> pieces;
  parallel_for(most, most, [&](Index begin, Index end) { pieces.emplace_back(begin, end); });
  parallel_for(3, most, [&](Index begin, Index end) { pieces.emplace_back(begin, end); });
  CHECK(pieces == std::vector<std::pair<Index, Index>>{{0, most}, {0, 3}});
}

namespace {
std::atomic<Index> counted{0};
void count(Index begin, Index end) { counted += end - begin; }
}  // namespace

TEST_CASE("the body of a parallel loop is any callable object: a function, a lambda with state, a std::function") {
  parallel_for(1000, 10, count);
  CHECK(counted == 1000);
  parallel_for(1000, 10, std::function<void(Index, Index)>(count));
  CHECK(counted == 2000);
  Index calls = 0;
  parallel_for(10, 10, [&calls, seen = 0](Index, Index) mutable { calls += ++seen; });
  parallel_each(3, 10, [&calls](Index i) { calls += i; });
  CHECK(calls == 4);
}

TEST_CASE("attention of heads without numbers ends at any number of heads") {
  const Tensor q = Tensor::ones({1, 2, 0}).set_requires_grad();
  const Tensor y = attention(q, q, q, Index{1} << 40);
  CHECK(y.shape() == Shape{1, 2, 0});
  sum(y).backward();
  CHECK(q.grad().shape() == Shape{1, 2, 0});
}

}  // namespace gradus::autograd_errors_test
