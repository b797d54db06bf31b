#pragma once

#include <cmath>
#include <vector>

#include <gradus/autograd/engine/tensor.h>

namespace gradus::optim {

// All functions throw an Error when two parameters overlap in memory, or one is listed twice.

/// The norm of all gradients together, and the factor that clips them.
struct Clip {
  double norm;   // before clipping
  double scale;  // min(1, max_norm / (norm + 1e-6)), as in PyTorch; NaN when the norm is not finite
  bool finite() const { return std::isfinite(norm); }
};

/// The Euclidean norm of all gradients together; 0 when there are none. Squares are added in f64, in a tree that
/// depends on the shapes: the bits are the same at any number of threads, and for flat and separate gradients.
double grad_norm(const std::vector<Tensor>& parameters);

/// The factor that clips the gradients to max_norm (above 0, may be infinite), for `Optimizer::step`. The gradients
/// do not change. Check `finite()`: if the norm is not finite, `scale` is NaN, which `Optimizer::step` refuses.
[[nodiscard]] Clip clip_scale(const std::vector<Tensor>& parameters, double max_norm);

/// The same, and multiplies the gradients by a scale below 1 (torch.nn.utils.clip_grad_norm_). The gradients do
/// not change when the norm is not finite: check `finite()` to skip such a step.
Clip clip_grad_norm(const std::vector<Tensor>& parameters, double max_norm);

/// Clamps each element of each gradient to [-limit, limit] (limit above 0). NaN stays NaN.
void clip_grad_value(const std::vector<Tensor>& parameters, double limit);

}  // namespace gradus::optim
