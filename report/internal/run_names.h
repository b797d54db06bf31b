#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace gradus::report {

/// The last parts of the paths, as many as the runs need to have different names.
std::vector<std::string> run_names(const std::vector<std::filesystem::path>& runs);

}  // namespace gradus::report
