#include <gradus/optim/schedule.h>

#include <algorithm>
#include <cmath>
#include <numbers>

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

}  // namespace

Schedule constant(double lr) {
  check_rate("constant", lr);
  return [lr](Index) { return lr; };
}

Schedule step_decay(double lr, Index every, double factor) {
  check_rate("step_decay", lr);
  check_steps("step_decay", "every", every);
  check_factor("step_decay", factor);
  return [=](Index step) { return lr * std::pow(factor, static_cast<double>(step / every)); };
}

Schedule exponential(double lr, double factor, Index every) {
  check_rate("exponential", lr);
  check_factor("exponential", factor);
  check_steps("exponential", "every", every);
  return [=](Index step) { return lr * std::pow(factor, static_cast<double>(step) / static_cast<double>(every)); };
}

Schedule cosine(double lr, Index steps, double floor) {
  check_rate("cosine", lr);
  check_steps("cosine", "steps", steps);
  checked("cosine", "floor", floor, floor >= 0 && floor <= lr, "at least 0 and at most lr");
  return [=](Index step) {
    const double part = static_cast<double>(std::min(step, steps)) / static_cast<double>(steps);
    return floor + (lr - floor) * (1 + std::cos(std::numbers::pi * part)) / 2;
  };
}

Schedule inverse_square_root(double lr, Index scale) {
  check_rate("inverse_square_root", lr);
  check_steps("inverse_square_root", "scale", scale);
  return
      [lr, s = static_cast<double>(scale)](Index step) { return lr * std::sqrt(s / (s + static_cast<double>(step))); };
}

Schedule warm_up(Index steps, Schedule after) {
  checked("warm_up", "steps", steps, steps >= 0, "at least 0");
  if (!after) throw Error("warm_up: after is empty, expected a schedule to continue with");
  if (steps == 0) return after;
  return [steps, after = std::move(after)](Index step) {
    if (step + 1 >= steps) return after(step + 1 - steps);
    return after(0) * static_cast<double>(step + 1) / static_cast<double>(steps);
  };
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

bool Plateau::observe(double value) {
  if (improves(value)) {
    best_ = value;
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
  checked("Plateau", "bad in the state", bad, bad >= 0, "at least 0");
  checked("Plateau", "cooldown in the state", cooldown, cooldown >= 0, "at least 0");
  if (state.size() != 4) throw Error(fmt::format("Plateau: the state has {} entries, expected 4", state.size()));
  scale_ = scale;
  best_ = best;
  bad_ = bad;
  cooldown_ = cooldown;
}

}  // namespace gradus::optim
