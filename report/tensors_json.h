#pragma once

#include <string>
#include <vector>

#include <gradus/data/references.h>
#include <gradus/train/run.h>

namespace gradus::report {

/// The parameters and buffers of a run as a list of objects: `name`, `shape`, `numbers`, `norm` (Euclidean), `kind`
/// ("parameter", "frozen", "buffer"), and `gradient`, the norm of the gradient of the loss per token on up to 64 of the
/// pairs, or null without pairs and for what is not trained. Leaves gradients in the run's store.
std::string tensors_json(const train::Run& run, const std::vector<data::ReferenceSet>& pairs);

}  // namespace gradus::report
