#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gradus/autograd/foundation/types.h>
#include <gradus/train/times.h>

namespace gradus::train {

/// Numbers by name, as in a line of metrics.jsonl.
using Numbers = std::vector<std::pair<std::string, double>>;

/// Shows a training while it goes on. No result depends on it, so its functions do not throw.
class TrainingObserver {
 public:
  virtual ~TrainingObserver() = default;
  /// After a line of losses, with its numbers, and the times up to it.
  virtual void losses(Index /*step*/, const Numbers& /*numbers*/, const TrainingTimes& /*times*/) {}
  /// After a validation, whose line has these numbers, once its states are saved.
  virtual void validation(Index /*step*/, const Numbers& /*numbers*/) {}
};

}  // namespace gradus::train
