#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <gradus/data/images.h>
#include <gradus/train/dataset.h>

namespace gradus::train {

/// Whether the model of the configuration classifies images.
bool reads_images(const RunConfig& config);

/// The names of the classes: data.class_names, those of the task, or the labels "0", "1", ...
std::vector<std::string> class_names(const RunConfig& config);

/// The data of a model of images, for load_dataset. Sets the size of the images, the number of classes and the
/// normalisation of pixels where the configuration leaves them open. Without validation images some are held out, by a
/// function of the image alone.
Dataset load_image_dataset(const RunConfig& config, const Notes& notes = {});

/// The images of a file, to classify. Throws Error as data::read_images does, and when they have another size than
/// those of the run.
data::Images load_images(const RunConfig& config, const std::filesystem::path& file);

/// Images and labels to test on. Throws Error as load_images does, and for a label that is no class of the run.
data::LabelledImages load_test_images(const RunConfig& config, const std::filesystem::path& images,
                                      const std::filesystem::path& labels, const Notes& notes = {});
/// Those of a task, data::image_task_names().
data::LabelledImages load_test_images(const RunConfig& config, const std::string& task, const Notes& notes = {});

}  // namespace gradus::train
