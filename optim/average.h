#pragma once

#include <string>
#include <vector>

#include <gradus/autograd/engine/tensor.h>
#include <gradus/optim/state.h>

namespace gradus::optim {

/// An exponential moving average of parameters, often a better model than the parameters (Polyak & Juditsky 1992). It
/// starts as a copy of the parameters. The n-th update (from 1) replaces a by
///
///     a + (1 - d) (p - a)     with d = min(decay, n / (n + 9))
///
/// The first d are small, so the first steps have little weight. The bits do not depend on the number of threads.
class Average {
 public:
  /// decay is in (0, 1); parameters are leaves of f32 or f64, each listed once. Throws otherwise, and when two overlap
  /// in memory or have the same name.
  Average(const std::vector<Tensor>& parameters, double decay);
  /// A copy has its own averages of the same parameters.
  Average(const Average& other);
  Average& operator=(Average&& other) = default;

  /// Adds the current parameters to the averages.
  void update();

  /// Exchanges parameters and averages in place. A second call restores them.
  void swap();

  /// "step", the number of updates (i64 scalar), and one "mean/NAME" per parameter, of its shape and dtype. NAME is as
  /// in Optimizer::state.
  State state() const;
  /// Continues from a state. Throws before anything changes when an entry is missing or unknown, or has another shape
  /// or dtype.
  void load_state(const State& state);

 private:
  std::vector<Tensor> parameters_, means_;
  std::vector<std::string> names_;
  double decay_;
  Index step_ = 0;
};

/// While it exists, the parameters are the averages. A null pointer changes nothing.
class Averaged {
 public:
  /// Swaps parameters and averages. The destructor swaps them back.
  explicit Averaged(Average* average) : average_(average) {
    if (average_ != nullptr) average_->swap();
  }
  ~Averaged() {
    if (average_ != nullptr) average_->swap();
  }
  Averaged(const Averaged&) = delete;
  Averaged& operator=(const Averaged&) = delete;

 private:
  Average* average_;
};

}  // namespace gradus::optim
