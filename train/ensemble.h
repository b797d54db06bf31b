#pragma once

#include <string>
#include <vector>

#include <gradus/train/run.h>

namespace gradus::train {

/// The runs at these paths as one: several have a models::Ensemble as their model, and no store. Its settings are those
/// of the first, but data.max_tokens is no more than any of the models can read. The ids are those of the first. The
/// others may have the same tokens in another order. Throws Error as load_run does, and when runs differ in their
/// tokens or in how text becomes tokens.
Run load_runs(const std::vector<std::string>& paths, Which which = Which::best);

}  // namespace gradus::train
