#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include <gradus/data/images.h>
#include <gradus/train/dataset.h>
#include <gradus/train/run.h>

namespace gradus::report {

/// The images on which a page shows a run.
struct ReportImages {
  std::string origin;  // "test images of the task fashion-mnist"
  data::LabelledImages images;
};

/// The images of the file `test` with the labels of the file `labels`. Without them, those that the run is measured on:
/// the test images of its task, its files of validation images, or the images held out. Throws Error when they cannot
/// be read.
ReportImages report_images(const train::Run& run, const std::filesystem::path& test,
                           const std::filesystem::path& labels);

/// At most `most` of the images, evenly spread over all.
data::LabelledImages spread(const data::LabelledImages& all, std::size_t most);

/// The classes that a run finds in the images, as an object:
///
/// - `origin`, `images`, `correct`, and the names of the `classes`;
/// - `confusion`, a list per label of the images that were read as each class;
/// - `misread`, the images that were read as another class with the highest probability: `label` and `read` (numbers of
///   classes), `probability`, and `picture`, the address of a PNG inside the text;
/// - `samples`, one image of each of up to ten classes, with the same fields, and `attention`: for each `layer` and
///   `head` (from 1) the `weights` of the patches in thousandths, row by row. They are those of the extra token, or
///   without one the means over all patches;
/// - `patch_rows` and `patch_columns` of a sample.
///
/// Pictures and attention are left out after `most_bytes`; then `left_out` is the number of images without them.
std::string images_json(const train::Run& run, const ReportImages& images, std::size_t most_bytes);

}  // namespace gradus::report
