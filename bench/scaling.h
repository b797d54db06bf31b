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
  double peak = 0;      // bytes of large blocks in use at once; parameters, gradients and moments are among them
  double weights = 0;   // bytes of the weights of all attention, were they kept: a matrix [target, source] a head
};

/// The step of a model and size over four doublings of the batch, or of both lengths, from a quarter of what is
/// given (at least 1). `changes` as for step_setup. Each point trains for `seconds` after a short warm-up.
std::vector<ScalingPoint> measure_scaling(const std::string& model, const std::string& size,
                                          const std::vector<std::string>& changes, Over over, double seconds);

}  // namespace gradus::bench
