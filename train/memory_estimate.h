#pragma once

#include <optional>
#include <string>
#include <vector>

#include <gradus/data/batches.h>
#include <gradus/data/images.h>
#include <gradus/train/run_config.h>

namespace gradus::train {

/// The memory of the training steps, and the batch that needs most of it.
struct MemoryEstimate {
  double bytes = 0;  // of the whole process, within a factor of two
  Index pairs = 0,   ///< of the batch
      source = 0,    ///< entries of its widest source, end mark included
      target = 0;    ///< entries of its widest target, end mark included
  Index images = 0;  // of the batch, instead of pairs

  /// "about 240 MB of memory for a batch of 128 pairs of up to 40 source and 40 target tokens", or "of 128 images".
  std::string text() const;
};

/// Estimates the memory from the sizes of model and batches (ModelInfo::cost), the optimiser's state, and the shards
/// that run at the same time on `threads` threads. The factors were fitted to measured peaks (docs/data.md). Nothing
/// for a model without costs, and for no pairs.
std::optional<MemoryEstimate> estimate_memory(const RunConfig& config, Index parameters,
                                              const std::vector<data::EncodedPair>& pairs, int threads);

/// The same for images.
std::optional<MemoryEstimate> estimate_image_memory(const RunConfig& config, Index parameters,
                                                    const data::Images& images, int threads);

/// A note about the estimate for a process that can still get `available` bytes because of `limit`. Throws Error when
/// half of the estimate is more than that.
std::string check_memory(const MemoryEstimate& estimate, double available, const std::string& limit);

}  // namespace gradus::train
