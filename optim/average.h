#pragma once

#include <string>
#include <vector>

#include <gradus/autograd/engine/tensor.h>
#include <gradus/optim/internal/state.h>

namespace gradus::optim {

/// A moving average of parameters, which often is the better model (Polyak & Juditsky 1992, in its exponential form).
/// It begins as the parameters and after the n-th update, n from 1, is a + (1 - d) (p - a) with
/// d = min(decay, n / (n + 9)), so that the first steps are soon forgotten. The bits do not depend on the number of
/// threads.
class Average {
 public:
  /// decay in (0, 1). The parameters (f32 or f64 leaves, none twice) stay in use. Throws on other decays, on a
  /// parameter that is none, and on two of one name.
  Average(const std::vector<Tensor>& parameters, double decay);
  /// A copy follows the same parameters with averages of its own.
  Average(const Average& other);
  Average& operator=(Average&& other) = default;

  /// Takes in the parameters as they are now.
  void update();

  /// Exchanges parameters and averages in place; a second time brings them back.
  void swap();

  /// "step", the number of updates (i64 scalar), and "mean/NAME" of each parameter's shape and dtype, with names as an
  /// Optimizer's.
  State state() const;
  /// Goes on from a state. Throws before anything is changed when an entry is missing, unknown, or has another shape or
  /// dtype.
  void load_state(const State& state);

 private:
  std::vector<Tensor> parameters_, means_;
  std::vector<std::string> names_;
  double decay_;
  Index step_ = 0;
};

/// Puts the averages, if there are any, in the parameters' place for as long as it lives.
class Averaged {
 public:
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
