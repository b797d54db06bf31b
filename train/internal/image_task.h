#pragma once

#include <gradus/train/classify.h>
#include <gradus/train/internal/task.h>
#include <gradus/train/run.h>

namespace gradus::train {

/// A model of classes on labelled images.
class ImageTask final : public Task {
 public:
  /// Throws Error when the dataset has no images to train or to validate on.
  ImageTask(const Run& run, const Dataset& dataset);

  std::vector<std::vector<Index>> plan(Index epoch) const override;
  Index batches() const override;
  std::unique_ptr<StepBatch> batch(const std::vector<Index>& rows, Index step) const override;
  Validation validate(const std::function<bool()>& stop, Ranks* ranks) const override;
  const char* examples() const override { return "images"; }
  void identify(Position& position) const override;
  void check_files(const RunDirectory& /*directory*/) const override {}

 private:
  const Run& run_;
  const Dataset& data_;
};

}  // namespace gradus::train
