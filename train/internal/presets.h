#pragma once

#include <string>
#include <vector>

#include <gradus/train/config.h>

namespace gradus::train {

/// tiny, small, base: from seconds on a toy task to hours on a dictionary.
std::vector<std::string> preset_names();

/// What a preset sets for a model; the rest stays as RunConfig has it. Throws ConfigError when there is no such preset.
Assignments assignments_of(const std::string& preset, const std::string& model);

}  // namespace gradus::train
