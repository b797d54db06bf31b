#pragma once

#include <string>
#include <vector>

#include <gradus/data/images.h>
#include <gradus/data/references.h>
#include <gradus/train/run.h>

namespace gradus::report {

/// The parameters and buffers of a run as a list of objects: `name`, `shape`, `numbers`, `norm` (Euclidean), `kind`
/// ("parameter", "frozen", "buffer"), and `gradient`, the norm of the gradient of `loss`, or null where that is
/// undefined and for what is not trained. Leaves gradients in the run's store.
std::string tensors_json(const train::Run& run, const Tensor& loss);

/// The loss per token on up to 64 of the pairs, as training computes it, without dropout; undefined without pairs.
Tensor loss_on(const train::Run& run, const std::vector<data::ReferenceSet>& pairs);
/// The same per image.
Tensor loss_on(const train::Run& run, const data::LabelledImages& images);

}  // namespace gradus::report
