#include <cmath>
#include <limits>

#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops.h>
#include <gradus/optim/average.h>

#include "catch.h"

namespace gradus::optim_average_test {

using namespace gradus::optim;
using Catch::Matchers::ContainsSubstring;

namespace {

void move(Tensor p, double by) {
  dispatch_floating(p.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* at = p.mutable_data<T>();
    for (Index i = 0; i < p.numel(); ++i) at[i] += static_cast<T>(by);
  });
}

}  // namespace

TEST_CASE("an average follows its definition: quickly at first, then with its decay") {
  const Tensor p = Tensor::scalar(1, DType::f64);
  Average average({p}, 0.9);
  double expected = 1, value = 1;
  for (int n = 1; n <= 200; ++n) {
    value += 0.1 * n;
    move(p, 0.1 * n);
    average.update();
    const double d = std::min(0.9, n / (n + 9.0));
    expected = d * expected + (1 - d) * value;
    CHECK(average.state().at("mean/0").item() == Approx(expected).epsilon(1e-13));
  }
  CHECK(average.state().at("step").item() == 200);
}

TEST_CASE("averages can replace the parameters temporarily, and the parameters return bit for bit") {
  Tensor p = Tensor::from(std::vector<float>{0.1f, 0.2f, 0.3f}, {3}), q = Tensor::from(std::vector<double>{0.7}, {1});
  p.set_name("p");
  q.set_name("q");
  Average average({p, q}, 0.5);
  move(p, 1);
  average.update();
  const auto moved = p.to_vector<float>();
  const State state = average.state();
  {
    const Averaged averaged(&average);
    CHECK(p.to_vector<float>() == state.at("mean/p").to_vector<float>());
    CHECK(p.to_vector<float>() != moved);
    CHECK(q.item() == 0.7);
  }
  CHECK(p.to_vector<float>() == moved);
  const Averaged none(nullptr);
  CHECK(p.to_vector<float>() == moved);
}

TEST_CASE("averages of large parameters have the same bits at any number of threads") {
  const auto after = [](int thread_count) {
    set_threads(thread_count);
    const Tensor p = Tensor::ones({100'000});
    Average average({p}, 0.99);
    for (int i = 0; i < 20; ++i) {
      move(p, 0.3 * i);
      average.update();
    }
    set_threads(0);
    return average.state().at("mean/0").to_vector<float>();
  };
  const auto one = after(1);
  CHECK(after(2) == one);
  CHECK(after(8) == one);
}

TEST_CASE("an average continues from its state, and refuses another's before it changes") {
  const Tensor p = Tensor::ones({2}), q = Tensor::ones({2});
  Average first({p}, 0.9), second({q}, 0.9);
  const auto step = [](const Tensor& t, Average& average) {
    move(t, 0.25);
    average.update();
  };
  for (int i = 0; i < 3; ++i) step(p, first);
  move(q, 0.75);
  second.load_state(first.state());
  step(p, first);
  step(q, second);
  CHECK(first.state().at("mean/0").to_vector<float>() == second.state().at("mean/0").to_vector<float>());

  const auto before = second.state().at("mean/0").to_vector<float>();
  const auto refused = [&](const State& state, const char* why) {
    CHECK_THROWS_WITH(second.load_state(state), ContainsSubstring(why));
    CHECK(second.state().at("mean/0").to_vector<float>() == before);
    CHECK(second.state().at("step").item() == 4);
  };
  State state = first.state();
  state["mean/1"] = Tensor::ones({2});
  refused(state, "3 entries, expected 2");
  state = first.state();
  state["step"] = Tensor::from(std::vector<Index>{-1}, {});
  refused(state, "step is -1");
  state["step"] = Tensor::from(std::vector<Index>{std::numeric_limits<Index>::max()}, {});
  refused(state, "expected a count from 0 to 2^53");
  state = first.state();
  state["mean/0"] = Tensor::ones({3});
  refused(state, "expected f32 [2]");
  state.erase("mean/0");
  refused(state, "has no 'mean/0'");
}

TEST_CASE("a copy of an average is independent") {
  const Tensor p = Tensor::ones({2});
  Average first({p}, 0.9);
  const Average second = first;
  move(p, 1);
  first.update();
  CHECK(second.state().at("mean/0").to_vector<float>() == std::vector<float>{1, 1});
  CHECK(second.state().at("step").item() == 0);
}

TEST_CASE("an average refuses an invalid decay and two parameters of one name") {
  for (const double decay : {0.0, 1.0, -0.1, std::nan("")})
    CHECK_THROWS_WITH(Average({Tensor::ones({1})}, decay), ContainsSubstring("expected between 0 and 1"));
  CHECK_THROWS_WITH(Average({Tensor::from(std::vector<Index>{1}, {1})}, 0.9), ContainsSubstring("is not a parameter"));
  Tensor a = Tensor::ones({1}), b = Tensor::ones({1});
  a.set_name("w");
  b.set_name("w");
  CHECK_THROWS_WITH(Average({a, b}, 0.9), ContainsSubstring("two parameters are called 'w'"));
}

TEST_CASE("an average refuses parameters that share memory, and one that is listed twice") {
  const Tensor p = Tensor::ones({3}), block = Tensor::ones({4});
  CHECK_THROWS_WITH(Average({p, p}, 0.5), ContainsSubstring("Average: ") && ContainsSubstring("share memory"));
  CHECK_THROWS_WITH(Average({block.alias({3}), block.alias({3}, 1)}, 0.5), ContainsSubstring("share memory"));
  CHECK_NOTHROW(Average({block.alias({2}), block.alias({2}, 2)}, 0.5));
  CHECK_THROWS_WITH(Average({Tensor()}, 0.5), ContainsSubstring("parameter 0 is undefined"));
}

}  // namespace gradus::optim_average_test
