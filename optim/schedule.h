#pragma once

#include <functional>
#include <limits>

#include <gradus/autograd/foundation/types.h>
#include <gradus/optim/internal/state.h>

namespace gradus::optim {

/// The learning rate as a pure function of the number of steps done so far (0 for the first step): it has no state to
/// save. What makes one throws on options outside their ranges.
using Schedule = std::function<double(Index step)>;

/// lr, always.
Schedule constant(double lr);

/// lr * factor^floor(step / every); factor in (0, 1], every at least 1. (StepLR)
Schedule step_decay(double lr, Index every, double factor);

/// lr * factor^(step / every), without stairs; factor in (0, 1], every at least 1. (ExponentialLR when every is 1)
Schedule exponential(double lr, double factor, Index every = 1);

/// From lr down to `floor` over `steps` steps along half a cosine, and `floor` from there on; floor in [0, lr], steps
/// at least 1. (Loshchilov & Hutter 2017, without restarts; CosineAnnealingLR up to its T_max)
Schedule cosine(double lr, Index steps, double floor = 0);

/// lr * sqrt(scale / (scale + step)); scale at least 1. After a warm-up of `scale` steps it is lr * sqrt(scale / n) at
/// the n-th step of the run.
Schedule inverse_square_root(double lr, Index scale);

/// The rate rises evenly over the first `steps` steps and reaches after(0) with the last of them, where `after` begins:
/// after(0) * (step + 1) / steps, then after(step + 1 - steps). steps = 0 is `after` itself.
Schedule warm_up(Index steps, Schedule after);

/// Vaswani et al. 2017, equation 3, with n = step + 1: factor * dim^-0.5 * min(n^-0.5, n * warm_up_steps^-1.5). The
/// same as warm_up before inverse_square_root. dim and warm_up_steps at least 1, factor above 0.
Schedule noam(Index dim, Index warm_up_steps, double factor = 1);

struct PlateauOptions {
  bool higher_is_better = false;
  double factor = 0.1;      // of each reduction, in (0, 1)
  Index patience = 10;      // measurements in a row without improvement that are borne; at least 0
  double threshold = 1e-4;  // the least improvement that counts; at least 0
  bool relative = true;     // threshold as a share of the best value so far
  Index cooldown = 0;       // measurements after a reduction in which none counts as bad; at least 0
  double least = 0;         // the scale never falls below; in [0, 1]
};

/// Lowers the rate when a measurement has stopped to improve (ReduceLROnPlateau): multiply `scale()` onto any schedule.
class Plateau {
 public:
  /// Throws on options outside their ranges.
  explicit Plateau(const PlateauOptions& options = {});

  /// Takes in a measurement; true when it lowered the scale. NaN is no improvement.
  bool observe(double value);

  /// From 1 down.
  double scale() const { return scale_; }
  /// The best measurement so far; an infinity before the first.
  double best() const { return best_; }

  /// "scale" and "best" (f64), "bad" and "cooldown" (i64), scalars.
  State state() const;
  /// Throws before anything is changed when an entry is missing, unknown, not a scalar of its dtype, or out of range.
  void load_state(const State& state);

 private:
  bool improves(double value) const;

  PlateauOptions options_;
  double scale_ = 1, best_;
  Index bad_ = 0, cooldown_ = 0;
};

}  // namespace gradus::optim
