#pragma once

#include <string>
#include <vector>

#include <gradus/models/model_info.h>

namespace gradus::train {

/// tiny, small, base: training takes seconds on a toy task to hours on a dictionary.
std::vector<std::string> preset_names();

/// The settings of a preset for a model. Throws ConfigError when there is no such preset, and Error when there is no
/// such model.
models::Assignments preset_of(const std::string& preset, const std::string& model);

}  // namespace gradus::train
