#pragma once

#include <functional>
#include <vector>

#include <gradus/bench/samples.h>
#include <gradus/data/batches.h>
#include <gradus/train/dataset.h>
#include <gradus/train/ranks.h>
#include <gradus/train/run.h>

namespace gradus::bench {

/// The batches of the first epoch of a run on pairs, as `gradus train` makes them: the first `most`, or all for 0.
/// Throws Error for a run on images.
std::vector<data::Batch> epoch_batches(const train::Run& run, const train::Dataset& dataset, Index most = 0);

/// Training over batches of pairs.
struct EpochTimes {
  Samples step;
  double seconds = 0;                          // of all steps
  Index source_tokens = 0, target_tokens = 0;  // end marks included, padding excluded
  double padding = 0;                          // share of the entries of all batches, from 0 to 1
  double first_loss = 0, mean_loss = 0;        // of the first step, and of all
};

/// Trains the run for one step per batch, in order, at a constant learning rate of train.lr. `report` gets the number
/// of steps so far. With ranks, each computes its shards, and all call it.
EpochTimes time_epoch(const train::Run& run, const std::vector<data::Batch>& batches,
                      const std::function<void(Index)>& report, train::Ranks* ranks = nullptr);

}  // namespace gradus::bench
