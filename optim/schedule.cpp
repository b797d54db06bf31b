#include <gradus/optim/schedule.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include <gradus/optim/internal/entry.h>
#include <gradus/optim/internal/option.h>

namespace gradus::optim {

namespace {

void check_rate(const char* owner, double lr) {
  checked(owner, "lr", lr, lr >= 0 && std::isfinite(lr), "a finite number >= 0");
}

void check_steps(const char* owner, const char* option, Index steps) {
  checked(owner, option, steps, steps >= 1, "at least 1");
}

void check_factor(const char* owner, double factor) {
  checked(owner, "factor", factor, factor > 0 && factor <= 1, "more than 0 and at most 1");
}

void check_floor(const char* owner, double floor, double lr) {
  checked(owner, "floor", floor, floor >= 0 && floor <= lr, "at least 0 and at most lr");
}

double half_cosine(double from, double to, double part) {
  return to + (from - to) * (1 + std::cos(std::numbers::pi * part)) / 2;
}

// The schedule `rate`, which refuses a negative step.
template <class Rate>
Schedule from_step_0(const char* owner, Rate rate) {
  return [owner, rate = std::move(rate)](Index step) -> double {
    return rate(checked(owner, "the step", step, step >= 0, "at least 0"));
  };
}

double ratio(Index a, Index b) { return static_cast<double>(a) / static_cast<double>(b); }

}  // namespace

Schedule constant(double lr) {
  check_rate("constant", lr);
  return from_step_0("constant", [lr](Index) { return lr; });
}

Schedule step_decay(double lr, Index every, double factor) {
  check_rate("step_decay", lr);
  check_steps("step_decay", "every", every);
  check_factor("step_decay", factor);
  return from_step_0("step_decay",
                     [=](Index step) { return lr * std::pow(factor, static_cast<double>(step / every)); });
}

Schedule multi_step(double lr, std::vector<Index> milestones, double factor) {
  check_rate("multi_step", lr);
  check_factor("multi_step", factor);
  std::sort(milestones.begin(), milestones.end());
  if (!milestones.empty()) checked("multi_step", "a milestone", milestones[0], milestones[0] >= 0, "at least 0");
  return from_step_0("multi_step", [=](Index step) {
    const auto passed = std::upper_bound(milestones.begin(), milestones.end(), step) - milestones.begin();
    return lr * std::pow(factor, static_cast<double>(passed));
  });
}

Schedule exponential(double lr, double factor, Index every) {
  check_rate("exponential", lr);
  check_factor("exponential", factor);
  check_steps("exponential", "every", every);
  return from_step_0("exponential", [=](Index step) { return lr * std::pow(factor, ratio(step, every)); });
}

Schedule cosine(double lr, Index steps, double floor) {
  check_rate("cosine", lr);
  check_steps("cosine", "steps", steps);
  check_floor("cosine", floor, lr);
  return from_step_0("cosine", [=](Index step) { return half_cosine(lr, floor, ratio(std::min(step, steps), steps)); });
}

Schedule cosine_restarts(double lr, Index first, Index growth, double floor) {
  check_rate("cosine_restarts", lr);
  check_steps("cosine_restarts", "first", first);
  check_steps("cosine_restarts", "growth", growth);
  check_floor("cosine_restarts", floor, lr);
  return from_step_0("cosine_restarts", [=](Index step) {
    auto begun = static_cast<double>(growth == 1 ? step % first : step), length = static_cast<double>(first);
    for (; begun >= length; length *= static_cast<double>(growth)) begun -= length;
    return half_cosine(lr, floor, begun / length);
  });
}

Schedule polynomial(double lr, Index steps, double power, double floor) {
  check_rate("polynomial", lr);
  check_steps("polynomial", "steps", steps);
  checked("polynomial", "power", power, power > 0 && std::isfinite(power), "a finite number > 0");
  check_floor("polynomial", floor, lr);
  return from_step_0("polynomial", [=](Index step) {
    return floor + (lr - floor) * std::pow(1 - ratio(std::min(step, steps), steps), power);
  });
}

Schedule one_cycle(double lr, Index steps, const OneCycleOptions& o) {
  check_rate("one_cycle", lr);
  check_steps("one_cycle", "steps", steps);
  checked("one_cycle", "pct_start", o.pct_start, o.pct_start >= 0 && o.pct_start <= 1, "at least 0 and at most 1");
  const auto check_division = [](const char* option, double value) {
    checked("one_cycle", option, value, value >= 1 && std::isfinite(value), "a finite number >= 1");
  };
  check_division("div_factor", o.div_factor);
  check_division("final_div_factor", o.final_div_factor);

  struct Part {
    double end, from, to;  // the part ends at the step `end`
  };
  const double all = static_cast<double>(steps), low = lr / o.div_factor, last = low / o.final_div_factor;
  const double peak = o.pct_start * all - 1;
  const std::vector<Part> parts = o.three_phase
                                      ? std::vector<Part>{{peak, low, lr}, {2 * peak, lr, low}, {all - 1, low, last}}
                                      : std::vector<Part>{{peak, low, lr}, {all - 1, lr, last}};
  return from_step_0("one_cycle", [parts, anneal = o.anneal](Index step) {
    const auto at = static_cast<double>(step);
    const auto part = std::find_if(parts.begin(), parts.end() - 1, [at](const Part& p) { return at <= p.end; });
    const double start = part == parts.begin() ? 0 : (part - 1)->end;
    const double done = part->end > start ? std::min((at - start) / (part->end - start), 1.0) : 1;
    return anneal == Anneal::cosine ? half_cosine(part->from, part->to, done)
                                    : part->from + (part->to - part->from) * done;
  });
}

Schedule inverse_square_root(double lr, Index scale) {
  check_rate("inverse_square_root", lr);
  check_steps("inverse_square_root", "scale", scale);
  return from_step_0("inverse_square_root", [lr, s = static_cast<double>(scale)](Index step) {
    return lr * std::sqrt(s / (s + static_cast<double>(step)));
  });
}

namespace {

void check_warm_up(Index steps, const Schedule& after) {
  checked("warm_up", "steps", steps, steps >= 0, "at least 0");
  if (!after) throw Error("warm_up: after is empty, expected a schedule to continue with");
}

}  // namespace

Schedule warm_up(Index steps, Schedule after) {
  check_warm_up(steps, after);
  if (steps == 0) return after;
  return from_step_0("warm_up", [steps, after = std::move(after)](Index step) {
    if (step >= steps - 1) return after(step - (steps - 1));
    return after(0) * static_cast<double>(step + 1) / static_cast<double>(steps);
  });
}

Schedule warm_up(Index steps, Schedule after, double start_factor) {
  check_warm_up(steps, after);
  checked("warm_up", "start_factor", start_factor, start_factor > 0 && start_factor <= 1, "more than 0 and at most 1");
  return from_step_0("warm_up", [=, after = std::move(after)](Index step) {
    if (step >= steps) return after(step - steps);
    return after(0) * (start_factor + (1 - start_factor) * ratio(step, steps));
  });
}

Schedule noam(Index dim, Index warm_up_steps, double factor) {
  check_steps("noam", "dim", dim);
  check_steps("noam", "warm_up_steps", warm_up_steps);
  checked("noam", "factor", factor, factor > 0 && std::isfinite(factor), "a finite number > 0");
  const double peak = factor / std::sqrt(static_cast<double>(dim) * static_cast<double>(warm_up_steps));
  return warm_up(warm_up_steps, inverse_square_root(peak, warm_up_steps));
}

Plateau::Plateau(const PlateauOptions& o)
    : options_(o), best_((o.higher_is_better ? -1 : 1) * std::numeric_limits<double>::infinity()) {
  checked("Plateau", "factor", o.factor, o.factor > 0 && o.factor < 1, "more than 0 and less than 1");
  checked("Plateau", "patience", o.patience, o.patience >= 0, "at least 0");
  checked("Plateau", "threshold", o.threshold, o.threshold >= 0 && std::isfinite(o.threshold), "a finite number >= 0");
  checked("Plateau", "cooldown", o.cooldown, o.cooldown >= 0, "at least 0");
  checked("Plateau", "least", o.least, o.least >= 0 && o.least <= 1, "at least 0 and at most 1");
}

bool Plateau::improves(double value) const {
  if (std::isinf(best_)) return options_.higher_is_better ? value > best_ : value < best_;
  const double margin = options_.relative ? best_ * options_.threshold : options_.threshold;
  return options_.higher_is_better ? value > best_ + margin : value < best_ - margin;
}

bool Plateau::observe(double value, bool better) {
  if (improves(value)) {
    best_ = value;
    bad_ = 0;
  } else if (better) {
    bad_ = 0;
  } else {
    ++bad_;
  }
  if (cooldown_ > 0) {
    --cooldown_;
    bad_ = 0;
  }
  if (bad_ <= options_.patience) return false;
  cooldown_ = options_.cooldown;
  bad_ = 0;
  const double before = scale_;
  scale_ = std::max(scale_ * options_.factor, options_.least);
  return scale_ < before;
}

State Plateau::state() const {
  auto count = [](Index n) { return Tensor::from(std::vector<Index>{n}, {}); };
  return {{"scale", Tensor::scalar(scale_, DType::f64)},
          {"best", Tensor::scalar(best_, DType::f64)},
          {"bad", count(bad_)},
          {"cooldown", count(cooldown_)}};
}

void Plateau::load_state(const State& state) {
  auto number = [&](const char* name) { return *entry(state, name, {}, DType::f64, "Plateau").data<double>(); };
  auto count = [&](const char* name) { return *entry(state, name, {}, DType::i64, "Plateau").data<Index>(); };
  const double scale = number("scale"), best = number("best");
  const Index bad = count("bad"), cooldown = count("cooldown");
  checked("Plateau", "scale in the state", scale, scale >= 0 && scale <= 1, "at least 0 and at most 1");
  checked("Plateau", "best in the state", best, best == best, "a number");
  checked("Plateau", "bad in the state", bad, bad >= 0 && bad <= most_updates, "a count from 0 to 2^53");
  checked("Plateau", "cooldown in the state", cooldown, cooldown >= 0, "at least 0");
  if (state.size() != 4) throw Error(fmt::format("Plateau: the state has {} entries, expected 4", state.size()));
  scale_ = scale;
  best_ = best;
  bad_ = bad;
  cooldown_ = cooldown;
}

}  // namespace gradus::optim
