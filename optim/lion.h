#pragma once

#include <gradus/optim/optimizer.h>

namespace gradus::optim {

/// The options of Lion.
struct LionOptions {
  double beta1 = 0.9,       ///< of c, in [0, 1)
      beta2 = 0.99;         ///< of m, in [0, 1)
  double weight_decay = 0;  // at least 0; multiplies p by 1 - lr * weight_decay
};

/// Lion (Chen et al. 2023, algorithm 2):
///
///     c = beta1 m + (1 - beta1) g
///     p = p - lr (sign(c) + weight_decay p)
///     m = beta2 m + (1 - beta2) g
///
/// The paper uses a learning rate 3 to 10 times smaller than AdamW's, and a weight decay as many times larger.
class Lion final : public Optimizer {
 public:
  /// Throws on options outside their ranges.
  explicit Lion(const ParameterGroups& parameters, const LionOptions& options = {});

 private:
  void update(const Stretch& stretch) const override;

  LionOptions options_;
};

}  // namespace gradus::optim
