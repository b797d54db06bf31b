#pragma once

#include <string>
#include <vector>

#include <gradus/bench/step.h>

namespace gradus::bench {

/// What grows: the batch, both lengths, the words of both vocabularies, or the layers of encoder and decoder.
enum class Over { batch, length, vocabulary, layers };
/// "batch", "length" and so on, in this order.
std::vector<std::string> over_names();

/// A training step at one size.
struct ScalingPoint {
  StepSetup setup;
  double seconds = 0;   // the median
  double products = 0;  // multiply-adds of a forward pass
  double peak = 0;      // largest number of bytes in use, parameters, gradients and moments included
  double weights = 0;   // bytes of all attention weights, which are not kept: one matrix [target, source] per head
};

/// The step of a model and size over four doublings of the batch or of both lengths, starting at a quarter of the given
/// size (at least 1); over 64 to 64,000 words; or over 1 to 16 layers. `changes` as in step_setup. Each point trains
/// for `seconds` after a short warm-up.
std::vector<ScalingPoint> measure_scaling(const std::string& model, const std::string& size,
                                          const std::vector<std::string>& changes, Over over, double seconds);

}  // namespace gradus::bench
