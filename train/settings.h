#pragma once

#include <string_view>
#include <vector>

#include <gradus/train/setting.h>

namespace gradus::train {

/// All settings, in the order of a configuration file.
const std::vector<Setting>& settings();

/// Throws ConfigError when a value of the section, such as "train", is outside of the range of its setting, or not one
/// of its names.
void check_values(const RunConfig& config, std::string_view section);

/// Throws ConfigError, with the nearest keys, when there is no such setting.
const Setting& setting_named(std::string_view key);

}  // namespace gradus::train
