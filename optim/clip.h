#pragma once

#include <cmath>
#include <vector>

#include <gradus/autograd/engine/tensor.h>

namespace gradus::optim {

/// The length of all gradients as one vector, and what clipping makes of it.
struct Clip {
  double norm;   // before clipping
  double scale;  // what each gradient is, or is to be, multiplied by: min(1, max_norm / (norm + 1e-6)), as in PyTorch;
                 // NaN when not finite
  bool finite() const { return std::isfinite(norm); }
};

/// The Euclidean norm over the gradients of all parameters that have one; 0 when none has. Squares are added in f64, in
/// a tree fixed by the shapes: the same bits at any number of threads, and for flat and separate gradients.
double grad_norm(const std::vector<Tensor>& parameters);

/// Reads the gradients and says how to clip them to length max_norm (above 0, may be infinite); changes nothing. Hand
/// `scale` to `Optimizer::step`. When the norm is not finite, which is the caller's to see and to skip, `scale` is NaN,
/// and step refuses it.
[[nodiscard]] Clip clip_scale(const std::vector<Tensor>& parameters, double max_norm);

/// The same, and multiplies the gradients by the scale where it is less than 1 (torch.nn.utils.clip_grad_norm_). Leaves
/// them as they are when the norm is not finite.
[[nodiscard]] Clip clip_grad_norm(const std::vector<Tensor>& parameters, double max_norm);

/// Forces each element of each gradient into [-limit, limit] (limit above 0); NaN stays NaN.
void clip_grad_value(const std::vector<Tensor>& parameters, double limit);

}  // namespace gradus::optim
