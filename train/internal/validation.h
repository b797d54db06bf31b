#pragma once

#include <functional>

#include <gradus/train/dataset.h>
#include <gradus/train/evaluate.h>
#include <gradus/train/run.h>

namespace gradus::train {

/// The results of a validation.
struct Validation {
  data::Score score;
  double loss = 0;   // nats per token
  double value = 0;  // of train.best_by
};

/// Decodes the validation pairs of the dataset. `stop` ends it between two batches, as DecodeOptions::stop does. Throws
///
/// - models::Stopped after `stop` returned true;
/// - models::NanScores when the loss or a score is not a finite number.
Validation validate(const Run& run, const Dataset& dataset, const std::function<bool()>& stop);

}  // namespace gradus::train
