#pragma once

#include <string>
#include <vector>

#include <gradus/bench/step.h>

namespace gradus::bench {

enum class Over { batch, length };

/// A training step at one size.
struct ScalingPoint {
  StepSetup setup;
  double seconds = 0;   // the median
  double products = 0;  // multiply-adds of a forward pass
  double peak = 0;      // largest number of bytes in use, parameters, gradients and moments included
  double weights = 0;   // bytes of all attention weights, which are not kept: one matrix [target, source] per head
};

/// The step of a model and size over four doublings of the batch, or of both lengths, starting at a quarter of
/// the given size (at least 1). `changes` as in step_setup. Each point trains for `seconds` after a short warm-up.
std::vector<ScalingPoint> measure_scaling(const std::string& model, const std::string& size,
                                          const std::vector<std::string>& changes, Over over, double seconds);

}  // namespace gradus::bench
