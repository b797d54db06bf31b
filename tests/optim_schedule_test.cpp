#include <fmt/format.h>

#include <cmath>
#include <limits>

#include <gradus/optim/schedule.h>

#include "catch.h"
#include "optim_reference.h"

namespace gradus::optim_schedule_test {

using namespace gradus::optim;
using Catch::Matchers::ContainsSubstring;

namespace {

void check(const Schedule& schedule, const std::vector<double>& expected) {
  for (std::size_t t = 0; t < expected.size(); ++t) {
    CAPTURE(t);
    CHECK(schedule(static_cast<Index>(t)) == Approx(expected[t]).epsilon(1e-13));
  }
}

void check(Plateau plateau, double sign, const std::vector<double>& expected) {
  double before = 1;
  for (std::size_t t = 0; t < expected.size(); ++t) {
    CAPTURE(t);
    CHECK(plateau.observe(sign * reference::losses[t]) == (expected[t] < before));
    CHECK(plateau.scale() == Approx(expected[t]).epsilon(1e-13));
    before = expected[t];
  }
}

}  // namespace

TEST_CASE("constant, stairs, exponential and cosine rates are PyTorch's") {
  check(constant(0.3), {0.3, 0.3, 0.3});
  check(step_decay(0.3, 4, 0.5), reference::step_rates);
  check(exponential(0.3, 0.9), reference::exponential_rates);
  check(cosine(0.3, 11, 0.01), reference::cosine_rates);
}

TEST_CASE("milestones, polynomials, restarts, one cycle and a warm-up from a factor have PyTorch's rates") {
  check(multi_step(0.3, {8, 3, 8}, 0.5), reference::multi_step_rates);
  check(polynomial(0.3, 9, 2), reference::polynomial_rates);
  check(cosine_restarts(0.3, 5, 1, 0.01), reference::restarts_rates);
  check(cosine_restarts(0.3, 2, 2, 0.01), reference::growing_restarts_rates);
  check(one_cycle(0.3, 12), reference::one_cycle_rates);
  check(
      one_cycle(
          0.3, 12,
          {.pct_start = 0.4, .anneal = Anneal::linear, .div_factor = 10, .final_div_factor = 100, .three_phase = true}),
      reference::one_cycle_linear_rates);
  check(warm_up(4, constant(0.3), 0.25), reference::linear_rates);
  check(warm_up(4, cosine(0.3, 11, 0.01), 0.25), reference::warm_up_rates);
}

TEST_CASE("schedules stay at their last rate, and short ones have no gap") {
  CHECK(polynomial(1, 10, 0.5, 0.2)(1000) == Approx(0.2));
  CHECK(one_cycle(1, 10)(9) == Approx(1 / 25e4));
  CHECK(one_cycle(1, 10)(1000) == Approx(1 / 25e4));
  CHECK(one_cycle(1, 1, {.pct_start = 1})(0) == Approx(1));
  CHECK(one_cycle(1, 1, {.pct_start = 0})(0) == Approx(1 / 25e4));
  CHECK(multi_step(1, {})(1000) == 1);
  CHECK(multi_step(1, {0})(0) == Approx(0.1));
  CHECK(cosine_restarts(1, 10, 1000)(1'000'000'000'000) < 1);
  CHECK(warm_up(0, constant(2), 0.5)(0) == 2);
}

TEST_CASE("an exponential halves the rate in each of its periods") {
  const Schedule half = exponential(8, 0.5, 100);
  CHECK(half(100) == Approx(4));
  CHECK(half(300) == Approx(1));
  CHECK(half(50) == Approx(8 / std::sqrt(2)));
}

TEST_CASE("the cosine stays at its minimum") {
  CHECK(cosine(1, 10, 0.2)(10) == Approx(0.2));
  CHECK(cosine(1, 10, 0.2)(1000) == Approx(0.2));
}

TEST_CASE("warm-up rises linearly to the first rate of the next schedule, which then begins") {
  check(warm_up(4, constant(2)), {0.5, 1, 1.5, 2, 2, 2});
  const Schedule after = cosine(1, 20);
  const Schedule warm = warm_up(5, after);
  CHECK(warm(1) == Approx(0.4));
  for (Index t = 0; t < 20; ++t) {
    CHECK(warm(4 + t) == after(t));
    CHECK(warm_up(0, after)(t) == after(t));
    CHECK(warm_up(1, after)(t) == after(t));
  }
}

TEST_CASE("the inverse square root after its warm-up, and Noam, equal the closed forms") {
  const Schedule warm = warm_up(40, inverse_square_root(0.7, 40)), paper = noam(512, 40, 2);
  for (Index t = 0; t < 400; ++t) {
    const auto n = static_cast<double>(t + 1);
    CHECK(warm(t) == Approx(0.7 * std::min(n / 40, std::sqrt(40 / n))).epsilon(1e-13));
    CHECK(paper(t) ==
          Approx(2 * std::pow(512, -0.5) * std::min(std::pow(n, -0.5), n * std::pow(40, -1.5))).epsilon(1e-13));
  }
}

TEST_CASE("the plateau lowers its scale where PyTorch's does") {
  check(Plateau({.factor = 0.5, .patience = 1, .threshold = 1e-3}), 1, reference::plateau_scales);
  check(Plateau({.factor = 0.2, .patience = 0, .threshold = 0.2, .relative = false, .cooldown = 2, .least = 0.01}), 1,
        reference::plateau_cooldown_scales);
  check(Plateau({.higher_is_better = true, .factor = 0.3, .patience = 2, .threshold = 0.01, .relative = false}), -1,
        reference::plateau_higher_scales);
}

TEST_CASE("a measurement that is better in another way is an improvement for a plateau") {
  optim::Plateau strict({.factor = 0.5, .patience = 0}), lenient({.factor = 0.5, .patience = 0});
  for (int i = 0; i < 3; ++i) {
    strict.observe(1);
    lenient.observe(1, i > 0);
  }
  CHECK(strict.scale() == 0.25);
  CHECK(lenient.scale() == 1);
  lenient.observe(1);
  CHECK(lenient.scale() == 0.5);
}

TEST_CASE("a plateau continues from a saved state") {
  const PlateauOptions options{.factor = 0.2, .patience = 1, .threshold = 0.1, .cooldown = 2};
  for (std::size_t cut = 0; cut < reference::losses.size(); ++cut) {
    Plateau through(options), first(options), second(options);
    for (std::size_t t = 0; t < reference::losses.size(); ++t) {
      through.observe(reference::losses[t]);
      if (t == cut) second.load_state(first.state());
      (t < cut ? first : second).observe(reference::losses[t]);
    }
    CHECK(second.scale() == through.scale());
    CHECK(second.best() == through.best());
  }
}

TEST_CASE("a plateau refuses a state that does not match and keeps its own") {
  Plateau plateau;
  plateau.observe(3);
  State bad = plateau.state();
  bad["scale"] = Tensor::scalar(2, DType::f64);
  CHECK_THROWS_WITH(plateau.load_state(bad), ContainsSubstring("scale in the state is 2"));
  bad = plateau.state();
  bad["more"] = Tensor::scalar(2, DType::f64);
  CHECK_THROWS_WITH(plateau.load_state(bad), ContainsSubstring("5 entries, expected 4"));
  CHECK_THROWS_WITH(plateau.load_state({}), ContainsSubstring("no 'scale'"));
  CHECK(plateau.best() == 3);
}

TEST_CASE("bad options of schedules are refused with their name, value and range") {
  CHECK_THROWS_WITH(constant(-1), ContainsSubstring("constant: lr is -1, expected a finite number >= 0"));
  CHECK_THROWS_WITH(constant(NAN), ContainsSubstring("lr is nan"));
  CHECK_THROWS_WITH(step_decay(1, 0, 0.5), ContainsSubstring("every is 0, expected at least 1"));
  CHECK_THROWS_WITH(step_decay(1, 1, 0), ContainsSubstring("factor is 0, expected more than 0 and at most 1"));
  CHECK_THROWS_WITH(exponential(1, 1.5), ContainsSubstring("factor is 1.5"));
  CHECK_THROWS_WITH(cosine(1, 0), ContainsSubstring("steps is 0"));
  CHECK_THROWS_WITH(cosine(1, 5, 2), ContainsSubstring("floor is 2"));
  CHECK_THROWS_WITH(inverse_square_root(1, 0), ContainsSubstring("scale is 0"));
  CHECK_THROWS_WITH(warm_up(-1, constant(1)), ContainsSubstring("steps is -1"));
  CHECK_THROWS_WITH(warm_up(1, nullptr), ContainsSubstring("after is empty"));
  CHECK_THROWS_WITH(warm_up(-1, constant(1), 0.5), ContainsSubstring("steps is -1"));
  CHECK_THROWS_WITH(warm_up(1, constant(1), 0), ContainsSubstring("start_factor is 0, expected more than 0"));
  CHECK_THROWS_WITH(warm_up(1, nullptr, 0.5), ContainsSubstring("after is empty"));
  CHECK_THROWS_WITH(multi_step(1, {3, -1}), ContainsSubstring("multi_step: a milestone is -1, expected at least 0"));
  CHECK_THROWS_WITH(multi_step(1, {3}, 2), ContainsSubstring("factor is 2"));
  CHECK_THROWS_WITH(polynomial(1, 0), ContainsSubstring("steps is 0"));
  CHECK_THROWS_WITH(polynomial(1, 1, 0), ContainsSubstring("power is 0"));
  CHECK_THROWS_WITH(polynomial(1, 1, 1, 2), ContainsSubstring("floor is 2"));
  CHECK_THROWS_WITH(cosine_restarts(1, 0), ContainsSubstring("first is 0"));
  CHECK_THROWS_WITH(cosine_restarts(1, 1, 0), ContainsSubstring("growth is 0"));
  CHECK_THROWS_WITH(cosine_restarts(1, 1, 1, 2), ContainsSubstring("floor is 2"));
  CHECK_THROWS_WITH(one_cycle(1, 0), ContainsSubstring("one_cycle: steps is 0"));
  CHECK_THROWS_WITH(one_cycle(1, 1, {.pct_start = 1.5}), ContainsSubstring("pct_start is 1.5"));
  CHECK_THROWS_WITH(one_cycle(1, 1, {.div_factor = 0.5}), ContainsSubstring("div_factor is 0.5"));
  CHECK_THROWS_WITH(one_cycle(1, 1, {.final_div_factor = NAN}), ContainsSubstring("final_div_factor is nan"));
  CHECK_THROWS_WITH(noam(0, 1), ContainsSubstring("dim is 0"));
  CHECK_THROWS_WITH(noam(1, 0), ContainsSubstring("warm_up_steps is 0"));
  CHECK_THROWS_WITH(noam(1, 1, -1), ContainsSubstring("factor is -1"));
  CHECK_THROWS_WITH(Plateau({.factor = 1}), ContainsSubstring("factor is 1, expected more than 0 and less than 1"));
  CHECK_THROWS_WITH(Plateau({.patience = -1}), ContainsSubstring("patience is -1"));
  CHECK_THROWS_WITH(Plateau({.threshold = -1}), ContainsSubstring("threshold is -1"));
  CHECK_THROWS_WITH(Plateau({.cooldown = -1}), ContainsSubstring("cooldown is -1"));
  CHECK_THROWS_WITH(Plateau({.least = 2}), ContainsSubstring("least is 2"));
}

TEST_CASE("schedules refuse a negative step, and have a rate at any other") {
  constexpr Index least = std::numeric_limits<Index>::min(), most = std::numeric_limits<Index>::max();
  const std::pair<const char*, Schedule> all[] = {{"constant", constant(0.1)},
                                                  {"step_decay", step_decay(0.1, 1, 0.1)},
                                                  {"multi_step", multi_step(0.1, {3})},
                                                  {"exponential", exponential(0.1, 0.5)},
                                                  {"cosine", cosine(0.1, 10)},
                                                  {"cosine_restarts", cosine_restarts(0.1, 10, most)},
                                                  {"polynomial", polynomial(0.1, 10, 0.5)},
                                                  {"one_cycle", one_cycle(0.1, 10)},
                                                  {"inverse_square_root", inverse_square_root(0.1, 1)},
                                                  {"warm_up", warm_up(10, constant(0.1))},
                                                  {"warm_up", warm_up(most, constant(0.1))},
                                                  {"warm_up", warm_up(10, constant(0.1), 0.5)},
                                                  {"warm_up", noam(512, 100)}};
  for (const auto& [name, schedule] : all) {
    CAPTURE(name);
    for (const Index step : {Index{-1}, Index{-100}, least}) {
      CHECK_THROWS_WITH(schedule(step),
                        ContainsSubstring(fmt::format("{}: the step is {}, expected at least 0", name, step)));
    }
    for (const Index step : {Index{0}, Index{1}, Index{10}, most}) {
      const double rate = schedule(step);
      CHECK((rate >= 0 && rate <= 0.1));
    }
  }
}

}  // namespace gradus::optim_schedule_test
