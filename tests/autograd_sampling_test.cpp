// Draws from distributions: frequencies, impossible draws, the same numbers with any number of threads.
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>

#include "catch.h"

namespace gradus::autograd_sampling_test {
namespace {

Tensor row(const std::vector<double>& w) { return Tensor::from(w, {static_cast<Index>(w.size())}); }

std::vector<double> frequencies(const Tensor& drawn, Index classes) {
  std::vector<double> f(static_cast<std::size_t>(classes));
  for (Index i : drawn.to_vector<Index>()) f[static_cast<std::size_t>(i)] += 1.0 / static_cast<double>(drawn.numel());
  return f;
}

}  // namespace

TEST_CASE("multinomial draws in proportion to the weights") {
  const RandomScope scope(1, 2);
  const std::vector<double> f = frequencies(multinomial(row({1, 0, 3, 4}), 200'000, true), 4);
  CHECK(f[0] == Approx(0.125).margin(0.003));
  CHECK(f[1] == 0);
  CHECK(f[2] == Approx(0.375).margin(0.003));
  CHECK(f[3] == Approx(0.5).margin(0.003));
}

TEST_CASE("multinomial without replacement draws each index once, and the first draws in proportion") {
  const RandomScope scope(1, 3);
  const Index rows = 50'000;
  const Tensor weights = expand(Tensor::from<float>({1, 0, 3, 4}, {4}), {rows, 4});
  const Tensor drawn = multinomial(weights, 3);
  CHECK(drawn.shape() == Shape{rows, 3});
  for (Index r = 0; r < rows; ++r) {
    const Index* d = drawn.data<Index>() + 3 * r;
    REQUIRE(std::set<Index>(d, d + 3) == std::set<Index>{0, 2, 3});
  }
  const std::vector<double> first = frequencies(select(drawn, 1, 0), 4), second = frequencies(select(drawn, 1, 1), 4);
  CHECK(first[0] == Approx(0.125).margin(0.006));
  CHECK(first[2] == Approx(0.375).margin(0.006));
  // p(second is 3) = 1/8 * 4/7 + 3/8 * 4/5
  CHECK(second[3] == Approx(0.125 * 4 / 7 + 0.375 * 4 / 5).margin(0.006));
}

TEST_CASE("multinomial draws alike from weights of any magnitude, also where their sum overflows or is denormal") {
  const auto draw = [](double unit, bool replacement) {
    const RandomScope scope(1, 5);
    const Tensor weights = expand(row({0, unit, 3 * unit, 4 * unit, 0}), {1000, 5});
    return multinomial(weights, 3, replacement).to_vector<Index>();
  };
  for (const bool replacement : {true, false})
    for (const double unit : {0x1p-1074, 0x1p-1000, 0x1p-100, 0x1p1000, 0x1p1021})
      CHECK(draw(unit, replacement) == draw(1, replacement));
  const RandomScope scope(1, 6);
  const std::vector<double> f = frequencies(multinomial(row({1e308, 1e308, 1e308}), 30'000, true), 3);
  for (const double each : f) CHECK(each == Approx(1.0 / 3).margin(0.02));
}

TEST_CASE("bernoulli draws ones with the probability of each element") {
  const RandomScope scope(1, 4);
  const Index n = 100'000;
  CHECK(mean(bernoulli(Tensor::full({n}, 0.3))).item() == Approx(0.3).margin(0.005));
  CHECK(sum(bernoulli(Tensor::zeros({n}))).item() == 0);
  CHECK(sum(bernoulli(Tensor::ones({n}, DType::f64))).item() == static_cast<double>(n));
}

TEST_CASE("draws are the same with any number of threads, and new in each call") {
  const Tensor weights = Tensor::uniform({3000, 40}, 0.01, 1, Philox(7, 1));
  const auto draw = [&](int n) {
    set_threads(n);
    const RandomScope scope(5, 6);
    std::vector<Index> all;
    for (const Tensor& drawn : {multinomial(weights, 7), multinomial(weights, 7, true)})
      for (Index i : drawn.to_vector<Index>()) all.push_back(i);
    for (float v : bernoulli(weights).to_vector<float>()) all.push_back(v != 0);
    set_threads(0);
    return all;
  };
  const std::vector<Index> alone = draw(1);
  for (int n : {2, 3, 8}) CHECK(draw(n) == alone);
  const RandomScope scope(5, 6);
  CHECK(multinomial(weights, 7).to_vector<Index>() != multinomial(weights, 7).to_vector<Index>());
}

TEST_CASE("draws from wrong distributions are errors") {
  const auto says = [](auto call, const std::string& words) {
    INFO(words);
    CHECK_THROWS_WITH(call(), Catch::Matchers::ContainsSubstring(words) &&
                                  Catch::Matchers::ContainsSubstring("autograd_sampling_test.cpp"));
  };
  says([] { multinomial(row({1, -2}), 1); }, "weight -2 at position 1 of row 0");
  says([] { multinomial(row({1, NAN}), 1); }, "weight nan");
  says([] { multinomial(row({1, INFINITY}), 1); }, "weight inf");
  says([] { multinomial(row({0, 0}), 1, true); }, "row 0 of f64 [2] has 0 positive weights, expected at least 1");
  says([] { multinomial(row({1, 0, 2}), 3); }, "2 positive weights, expected at least 3");
  says([] { multinomial(row({1}), 0, true); }, "num_samples is 0");
  says([] { multinomial(Tensor::ones({1, 1, 1}), 1); }, "f32 [1, 1, 1]");
  says([] { multinomial(Tensor::arange(3), 1); }, "i64");
  says([] { bernoulli(row({0.5, 1.5})); }, "1.5 at position 1 of f64 [2] is not a probability");
}

}  // namespace gradus::autograd_sampling_test
