#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include <gradus/train/dataset.h>
#include <gradus/train/progress.h>

namespace gradus::report {

struct ReportOptions {
  std::filesystem::path test = {}, test_target = {};  // of the pairs; empty: those that each run is measured on
  std::filesystem::path labels = {};                  // of the images in `test`
  const train::Dataset* dataset = nullptr;            // its validation pairs or images instead
  std::size_t pairs = 1000;                           // sources or images at most, evenly spread over all; 0: none
  bool in_training = false;                           // whether the page says so, and is loaded again as time passes
  bool paths = true;                                  // whether the page names the folders of the runs
  std::string program = {};                           // name and version of the program, for the page
};

/// Everything that a page shows about runs, as one JSON text. Curves, tables and attention maps are limited so that the
/// page of up to about twenty runs stays below 2 MB.
///
/// - Numbers have six significant digits.
/// - What is missing, such as a checkpoint or the files of the pairs, is left out of a run and listed in its `notes`.
///
/// Throws Error when a path is no run, or when its configuration or metrics have a defect.
std::string report_json(const std::vector<std::filesystem::path>& runs, const ReportOptions& options,
                        train::Progress& progress);

/// Writes the page about the runs, as one HTML file that needs no other. Replaces the file. Throws as `report_json`
/// does, and when a write fails.
void write_report(const std::vector<std::filesystem::path>& runs, const std::filesystem::path& file,
                  const ReportOptions& options, train::Progress& progress);

}  // namespace gradus::report
