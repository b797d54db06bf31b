#pragma once

#include <gradus/train/run_config.h>

namespace gradus::train {

/// Throws ConfigError when settings of images are given to a model of sequences, or settings that a model of images
/// cannot have to such a model, and when those of images contradict each other.
void check_image_settings(const RunConfig& config);

}  // namespace gradus::train
