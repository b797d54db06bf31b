#pragma once

#include <string>
#include <vector>

#include <gradus/models/model_info.h>

namespace gradus::train {

/// tiny, small, base: from seconds on a toy task to hours on a dictionary.
std::vector<std::string> preset_names();

/// What a preset sets for a model. Throws ConfigError when there is no such preset, and Error when there is no such
/// model.
models::Assignments preset_of(const std::string& preset, const std::string& model);

}  // namespace gradus::train
