#pragma once

#include <gradus/optim/optimizer.h>

namespace gradus::optim {

/// The options of Adam.
struct AdamOptions {
  double beta1 = 0.9,       ///< of m, in [0, 1)
      beta2 = 0.999;        ///< of v, in [0, 1)
  double eps = 1e-8;        // at least 0
  double weight_decay = 0;  // at least 0
  bool amsgrad = false;     // the update uses the largest v so far
  bool decoupled = false;  // weight decay multiplies p by 1 - lr * weight_decay; otherwise g becomes g + weight_decay p
};

/// Adam (Kingma & Ba 2015, algorithm 1) as torch.optim.Adam defines it, with step t counted per parameter:
///
///     m = beta1 m + (1 - beta1) g
///     v = beta2 v + (1 - beta2) g^2
///     p = p - lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
///
/// With amsgrad (Reddi et al. 2018) the update uses the largest v so far.
class Adam : public Optimizer {
 public:
  /// Throws on options outside their ranges.
  explicit Adam(const ParameterGroups& parameters, const AdamOptions& options = {});

 private:
  void update(const Stretch& stretch) const override;
  bool keeps_zeros() const override { return options_.eps > 0; }

  AdamOptions options_;
};

/// The options of AdamW, which mean what those of Adam do.
struct AdamWOptions {
  double beta1 = 0.9,          ///< of m, in [0, 1)
      beta2 = 0.999;           ///< of v, in [0, 1)
  double eps = 1e-8;           // at least 0
  double weight_decay = 0.01;  // at least 0
  bool amsgrad = false;        // the update uses the largest v so far
};

/// Adam with decoupled weight decay (Loshchilov & Hutter 2019), as torch.optim.AdamW defines it.
class AdamW final : public Adam {
 public:
  /// Throws on options outside their ranges.
  explicit AdamW(const ParameterGroups& parameters, const AdamWOptions& o = {})
      : Adam(parameters, {o.beta1, o.beta2, o.eps, o.weight_decay, o.amsgrad, true}) {}
};

}  // namespace gradus::optim
