#pragma once

#include <gradus/optim/optimizer.h>

namespace gradus::optim {

struct SGDOptions {
  double momentum = 0;      // at least 0
  double dampening = 0;     // of the gradient in the momentum buffer
  double weight_decay = 0;  // at least 0; added to the gradient as weight_decay * p
  bool nesterov = false;    // needs momentum > 0 and dampening == 0
};

/// Stochastic gradient descent as torch.optim.SGD defines it (momentum of Sutskever et al. 2013, with the learning rate
/// outside the buffer): b = g at a parameter's first step, then b = momentum b + (1 - dampening) g;
/// p = p - lr b, or p - lr (g + momentum b) with Nesterov's look-ahead.
class SGD final : public Optimizer {
 public:
  /// Throws on options outside their ranges.
  explicit SGD(const std::vector<ParameterGroup>& groups, const SGDOptions& options = {});
  explicit SGD(const std::vector<Tensor>& parameters, const SGDOptions& options = {});

 private:
  void update(const Stretch<float>& stretch) const override;
  void update(const Stretch<double>& stretch) const override;
  template <class T>
  void update_all(const Stretch<T>& stretch) const;

  SGDOptions options_;
};

}  // namespace gradus::optim
