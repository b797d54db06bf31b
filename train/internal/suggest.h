#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gradus::train {

/// The probable intentions of a misspelt `name`, nearest first, at most three.
std::vector<std::string> near_names(std::string_view name, const std::vector<std::string>& candidates);

/// "; did you mean a or b?", or an empty text when no candidate is near.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace gradus::train
