#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include <gradus/report/report.h>

namespace gradus::report {

/// What the page shows about one of `count` runs, as an object:
///
/// - `name`, `path` (null without ReportOptions::paths), `model`, `summary`, `parameters` and `best_step` (null before
/// a validation);
/// - `curves`, objects of `name`, `steps`, `values`, and `points`, the number before thinning;
/// - `seconds`, the curve of the time since the start of training;
/// - `settings`, lists of key, value and origin;
/// - `provenance`, an object, or null;
/// - `tensors`, `pairs` and `images`, those of tensors_json, pairs_json and images_json, or null;
/// - `notes`, what is missing.
std::string run_json(const std::filesystem::path& path, const std::string& name, std::size_t count,
                     const ReportOptions& options, train::Progress& progress);

}  // namespace gradus::report
