#pragma once

#include <gradus/optim/optimizer.h>

namespace gradus::optim {

struct AdamOptions {
  double beta1 = 0.9, beta2 = 0.999;  // in [0, 1)
  double eps = 1e-8;                  // at least 0
  double weight_decay = 0;            // at least 0; added to the gradient as weight_decay * p
  bool amsgrad = false;
};

/// Adam (Kingma & Ba 2015, algorithm 1) as torch.optim.Adam defines it, with step t counted for each parameter:
/// m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2,
/// p = p - lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps).
/// With amsgrad (Reddi et al. 2018) the largest v so far stands in the place of v.
class Adam : public Optimizer {
 public:
  /// Throws on options outside their ranges.
  explicit Adam(const std::vector<ParameterGroup>& groups, const AdamOptions& options = {});
  explicit Adam(const std::vector<Tensor>& parameters, const AdamOptions& options = {});

 protected:
  /// Decoupled: weight decay multiplies p by 1 - lr * weight_decay instead of entering the gradient.
  Adam(const char* name, const std::vector<ParameterGroup>& groups, const AdamOptions& options, bool decoupled);

 private:
  void update(const Stretch<float>& stretch) const override;
  void update(const Stretch<double>& stretch) const override;
  template <class T>
  void update_all(const Stretch<T>& stretch) const;
  bool keeps_zeros() const override { return options_.eps > 0; }

  AdamOptions options_;
  bool decoupled_;
};

struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.999;  // in [0, 1)
  double eps = 1e-8;                  // at least 0
  double weight_decay = 0.01;         // at least 0; p is multiplied by 1 - lr * weight_decay before the update
  bool amsgrad = false;
};

/// Adam with decoupled weight decay (Loshchilov & Hutter 2019), as torch.optim.AdamW defines it.
class AdamW final : public Adam {
 public:
  /// Throws on options outside their ranges.
  explicit AdamW(const std::vector<ParameterGroup>& groups, const AdamWOptions& options = {});
  explicit AdamW(const std::vector<Tensor>& parameters, const AdamWOptions& options = {});
};

}  // namespace gradus::optim
