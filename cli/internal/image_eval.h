#pragma once

#include <string>

#include <gradus/autograd/foundation/types.h>

namespace gradus::cli {

/// The flags of eval that a run of images can use.
struct ImageEvalFlags {
  std::string run, test, labels, task, checkpoint;
  Index misread = 10;
};

/// Whether the model of a run classifies images. Throws Error when there is no such run.
bool is_run_of_images(const std::string& directory);

/// Prints the confusion matrix, the most misread images and one line of JSON. Returns the exit code.
int evaluate_images(const ImageEvalFlags& flags);

}  // namespace gradus::cli
