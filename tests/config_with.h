#pragma once

#include <utility>

#include <gradus/train/config.h>

namespace gradus::train {

/// The configuration of these settings over the default preset.
inline RunConfig config_with(Assignments assignments) {
  return resolve({.preset = "", .file = {}, .assignments = std::move(assignments)});
}

}  // namespace gradus::train
