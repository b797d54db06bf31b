#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>

#include <gradus/autograd/foundation/types.h>
#include <gradus/train/progress.h>

namespace gradus::train {

struct DemoOptions {
  std::string task = "reverse";
  Index steps = 0;  // of each model; 0: what the task needs
  Index seed = 1;
  std::filesystem::path out;  // a folder for the four run directories; empty: nothing is written
  bool overwrite = false;
};

/// Trains the four models on one toy task, side by side, and prints to `out` how often each gets sources of which
/// length exactly right, what each writes for a few sources, and where attention looks. False when `stop` ended it
/// early. Throws Error as training does; `out` folders are checked before anything is trained.
bool run_demo(const DemoOptions& options, std::FILE* out, Progress& progress, const std::function<bool()>& stop = {});

}  // namespace gradus::train
