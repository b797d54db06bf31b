#pragma once

#include <functional>
#include <limits>
#include <vector>

#include <gradus/autograd/foundation/types.h>
#include <gradus/optim/state.h>

namespace gradus::optim {

/// The learning rate by the number of steps done, 0 at the first step. A pure function, so there is no state to save.
/// The functions below throw on options outside their ranges, and their schedules on a negative step.
using Schedule = std::function<double(Index step)>;

/// lr at every step.
Schedule constant(double lr);

/// lr * factor^floor(step / every); factor in (0, 1], every at least 1. (StepLR)
Schedule step_decay(double lr, Index every, double factor);

/// lr * factor^n, where n is the number of milestones at or before the step; milestones at least 0, in any order,
/// factor in (0, 1]. (MultiStepLR)
Schedule multi_step(double lr, std::vector<Index> milestones, double factor = 0.1);

/// lr * factor^(step / every), not rounded down; factor in (0, 1], every at least 1. (ExponentialLR when every is 1)
Schedule exponential(double lr, double factor, Index every = 1);

/// From lr to `floor` along half a cosine of `steps` steps, then `floor`; floor in [0, lr], steps at least 1.
/// (Loshchilov & Hutter 2017, without restarts; CosineAnnealingLR up to its T_max)
Schedule cosine(double lr, Index steps, double floor = 0);

/// Cosines from lr to `floor`, one after another: the first has `first` steps, and each later one `growth` times as
/// many as the one before. floor in [0, lr], first and growth at least 1. (Loshchilov & Hutter 2017;
/// CosineAnnealingWarmRestarts)
Schedule cosine_restarts(double lr, Index first, Index growth = 1, double floor = 0);

/// floor + (lr - floor) (1 - step / steps)^power, then `floor`; floor in [0, lr], steps at least 1, power above 0.
/// (PolynomialLR)
Schedule polynomial(double lr, Index steps, double power = 1, double floor = 0);

enum class Anneal { cosine, linear };

/// The options of one_cycle.
struct OneCycleOptions {
  double pct_start = 0.3;          // share of the steps in which the rate rises; in [0, 1]
  Anneal anneal = Anneal::cosine;  // of each part
  double div_factor = 25;          // the first rate is lr / div_factor; at least 1
  double final_div_factor = 1e4;   // the last rate is the first one / final_div_factor; at least 1
  bool three_phase = false;        // falls to the first rate in as many steps as it rose, then to the last one
};

/// One rise to lr and one fall, over `steps` steps, then the last rate (Smith & Topin 2018). steps at least 1. lr is
/// OneCycleLR's max_lr, `steps` its total_steps. (OneCycleLR, without its cycle of momentum)
Schedule one_cycle(double lr, Index steps, const OneCycleOptions& options = {});

/// lr * sqrt(scale / (scale + step)); scale at least 1. After a warm-up of `scale` steps the n-th step of the run has
/// the rate lr * sqrt(scale / n).
Schedule inverse_square_root(double lr, Index scale);

/// A linear rise over `steps` steps, then `after`: after(0) * (step + 1) / steps, then after(step + 1 - steps). The
/// last step of the rise has the rate after(0). steps = 0 gives `after` itself.
Schedule warm_up(Index steps, Schedule after);

/// A linear rise from start_factor * after(0) over `steps` steps, then `after`:
/// after(0) * (start_factor + (1 - start_factor) * step / steps), then after(step - steps). steps at least 0,
/// start_factor in (0, 1]. (LinearLR with end_factor = 1, then `after`, in a SequentialLR)
Schedule warm_up(Index steps, Schedule after, double start_factor);

/// factor * dim^-0.5 * min(n^-0.5, n * warm_up_steps^-1.5) with n = step + 1 (Vaswani et al. 2017, equation 3): a
/// warm_up followed by inverse_square_root. dim and warm_up_steps at least 1, factor above 0.
Schedule noam(Index dim, Index warm_up_steps, double factor = 1);

/// The options of Plateau.
struct PlateauOptions {
  bool higher_is_better = false;  // a score, not a loss
  double factor = 0.1;            // of each reduction, in (0, 1)
  Index patience = 10;            // consecutive measurements without improvement before a reduction; at least 0
  double threshold = 1e-4;        // smallest improvement that counts; at least 0
  bool relative = true;           // threshold as a share of the best value so far
  Index cooldown = 0;             // measurements after a reduction that do not count as bad; at least 0
  double least = 0;               // lowest scale; in [0, 1]
};

/// Lowers the learning rate when a measurement stops improving (ReduceLROnPlateau). Multiply any schedule by `scale()`.
class Plateau {
 public:
  /// Throws on options outside their ranges.
  explicit Plateau(const PlateauOptions& options = {});

  /// Records a measurement. Returns whether it lowered the scale. NaN is not an improvement. `better`: it counts as an
  /// improvement in any case, for example because it is better by another measure.
  bool observe(double value, bool better = false);

  /// The factor of the learning rate: 1 at first, then lower.
  double scale() const { return scale_; }
  /// The best measurement so far; an infinity before the first.
  double best() const { return best_; }

  /// "scale" and "best" (f64), "bad" and "cooldown" (i64), scalars.
  State state() const;
  /// Throws before anything changes when an entry is missing, unknown, not a scalar of its dtype, or out of range.
  void load_state(const State& state);

 private:
  bool improves(double value) const;

  PlateauOptions options_;
  double scale_ = 1, best_;
  Index bad_ = 0, cooldown_ = 0;
};

}  // namespace gradus::optim
