#pragma once

#include <gradus/optim/optimizer.h>

namespace gradus::optim {

/// The options of RMSprop.
struct RMSpropOptions {
  double alpha = 0.99;      // in [0, 1)
  double eps = 1e-8;        // at least 0
  double weight_decay = 0;  // at least 0; added to the gradient as weight_decay * p
  double momentum = 0;      // at least 0
  bool centered = false;    // divides by an estimate of the gradient's standard deviation (Graves 2013)
};

/// RMSprop (Hinton 2012, lecture 6e) as torch.optim.RMSprop defines it:
///
///     v = alpha v + (1 - alpha) g^2
///     m = alpha m + (1 - alpha) g                              centered
///     d = g / (sqrt(v) + eps), or g / (sqrt(v - m^2) + eps)    centered
///     p = p - lr d, or with momentum b = momentum b + d and p = p - lr b
///
/// v - m^2 counts as 0 when rounding makes it negative.
class RMSprop final : public Optimizer {
 public:
  /// Throws on options outside their ranges.
  explicit RMSprop(const ParameterGroups& parameters, const RMSpropOptions& options = {});

 private:
  void update(const Stretch& stretch) const override;
  bool keeps_zeros() const override { return options_.eps > 0; }

  RMSpropOptions options_;
};

}  // namespace gradus::optim
