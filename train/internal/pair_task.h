#pragma once

#include <gradus/train/dataset.h>
#include <gradus/train/internal/task.h>
#include <gradus/train/run.h>

namespace gradus::train {

/// A sequence-to-sequence model on pairs.
class PairTask final : public Task {
 public:
  /// Throws Error when the run has no model, or the dataset has no pairs to train or to validate on.
  PairTask(const Run& run, const Dataset& dataset);

  std::vector<std::vector<Index>> plan(Index epoch) const override;
  Index batches() const override;
  std::unique_ptr<StepBatch> batch(const std::vector<Index>& rows, Index step) const override;
  Validation validate(const std::function<bool()>& stop, Ranks* ranks) const override;
  const char* examples() const override { return "pairs"; }
  void identify(Position& position) const override;
  void check_files(const RunDirectory& directory) const override;

 private:
  void check_vocabulary(const std::filesystem::path& file, const data::Vocabulary& found,
                        const data::Vocabulary& own) const;

  const Run& run_;
  const Dataset& data_;
  Index steps_ = 0;  // of the run, with scheduled sampling
};

}  // namespace gradus::train
