#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <gradus/data/toy_tasks.h>

namespace gradus::data {

/// Sets of labelled images that Debian packages hold: fashion-mnist (Xiao, Rasul, Vollgraf 2017), of the package
/// dataset-fashion-mnist.
std::vector<std::string> image_task_names();
/// Whether the name is one of them.
bool is_image_task(const std::string& name);

/// The names of all tasks: those of text, then those of images.
std::vector<std::string> all_task_names();

/// Two idx files, with the images and the labels of a set.
struct ImageFiles {
  std::filesystem::path images,  ///< as read_images takes it
      labels;                    ///< as read_labels takes it
};

/// The files of a set: of training, or of the test. Throws Error when there is no such set, and, with the name of the
/// package, when the files are absent.
ImageFiles image_task_files(const std::string& name, Split split,
                            const std::filesystem::path& datasets = "/usr/share/datasets");

/// The names of the classes, in the order of the labels.
std::vector<std::string> image_task_classes(const std::string& name);

}  // namespace gradus::data
