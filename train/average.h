#pragma once

#include <filesystem>
#include <vector>

#include <gradus/files/safetensors.h>
#include <gradus/train/run.h>

namespace gradus::train {

/// A checkpoint of a run.
struct RunCheckpoint {
  RunDirectory run;            // whose checkpoint it is
  std::filesystem::path file;  // in the folder of the run
};

/// The last `count` states that a run has kept (train.keep), in the order of their steps. Throws Error when it has
/// fewer.
std::vector<RunCheckpoint> last_kept(const RunDirectory& run, Index count);

/// The `count` best of the models that a run has kept (train.keep_best), the best first. Throws Error when it has
/// fewer.
std::vector<RunCheckpoint> best_kept(const RunDirectory& run, Index count);

/// The model whose parameters are the means of those of the checkpoints (Izmailov et al. 2018, Popel and Bojar 2018),
/// with the configuration of the first. Where a checkpoint has moving averages, they are its parameters.
///
/// - Sums are in f64, in the order of the checkpoints.
/// - Throws Error when there is no checkpoint, one cannot be read, or two differ in a setting that gives the parameters
///   their meaning, in a vocabulary, or in the parameters; the message has both and the difference.
Run average(const std::vector<RunCheckpoint>& checkpoints);

/// Makes a run directory of an average, with best.safetensors alone. Its metadata has the files of the checkpoints and
/// their steps under "averaged". Throws Error as RunDirectory::create does; nothing is replaced.
RunDirectory save_average(const Run& mean, const std::vector<RunCheckpoint>& checkpoints,
                          const std::filesystem::path& path);

/// Whether the file is the checkpoint of an average.
bool is_average(const files::Safetensors& checkpoint);

}  // namespace gradus::train
