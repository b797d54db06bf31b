#pragma once

#include <gradus/optim/optimizer.h>

namespace gradus::optim {

/// The options of SGD.
struct SGDOptions {
  double momentum = 0;      // at least 0
  double dampening = 0;     // of the gradient in the momentum buffer
  double weight_decay = 0;  // at least 0; added to the gradient as weight_decay * p
  bool nesterov = false;    // needs momentum > 0 and dampening == 0
};

/// Stochastic gradient descent as torch.optim.SGD defines it (momentum of Sutskever et al. 2013, with the learning rate
/// outside the buffer):
///
///     b = g at a parameter's first step, then b = momentum b + (1 - dampening) g
///     p = p - lr b, or with Nesterov's momentum p = p - lr (g + momentum b)
class SGD final : public Optimizer {
 public:
  /// Throws on options outside their ranges.
  explicit SGD(const ParameterGroups& parameters, const SGDOptions& options = {});

 private:
  void update(const Stretch& stretch) const override;

  SGDOptions options_;
};

}  // namespace gradus::optim
