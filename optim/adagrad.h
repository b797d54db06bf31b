#pragma once

#include <gradus/optim/optimizer.h>

namespace gradus::optim {

/// The options of Adagrad.
struct AdagradOptions {
  double lr_decay = 0;                   // at least 0
  double weight_decay = 0;               // at least 0; added to the gradient as weight_decay * p
  double initial_accumulator_value = 0;  // at least 0
  double eps = 1e-10;                    // at least 0
};

/// Adagrad (Duchi et al. 2011) as torch.optim.Adagrad defines it, with step t counted from 1 per parameter:
///
///     s = s + g^2, from s = initial_accumulator_value
///     p = p - lr / (1 + (t - 1) lr_decay) * g / (sqrt(s) + eps)
class Adagrad final : public Optimizer {
 public:
  /// Throws on options outside their ranges.
  explicit Adagrad(const ParameterGroups& parameters, const AdagradOptions& options = {});

 private:
  void update(const Stretch& stretch) const override;
  bool keeps_zeros() const override { return options_.eps > 0 || options_.initial_accumulator_value > 0; }

  AdagradOptions options_;
};

}  // namespace gradus::optim
