#pragma once

#include <filesystem>
#include <memory>

#include <gradus/report/event_file.h>
#include <gradus/train/dataset.h>
#include <gradus/train/observer.h>
#include <gradus/train/progress.h>
#include <gradus/train/run.h>

namespace gradus::report {

/// Throws Error unless an event file can be made in the folder, or the folder can be made. Changes nothing.
void check_event_folder(const std::filesystem::path& folder);

/// Writes a training into an event file of TensorBoard:
///
/// - scalars train/NAME and valid/NAME for NAME and valid_NAME in metrics.jsonl, and the speed of the steps as
///   speed/tokens_per_second (of images, speed/examples_per_second) and speed/steps_per_second;
/// - after each validation a histogram of each parameter, and pictures of the attention of all layers for the first
///   validation source of at most 40 tokens, or the first validation image.
///
/// A write that fails is a note, and ends the file; the training goes on.
class TensorBoard final : public train::TrainingObserver {
 public:
  /// All must outlive it. `step`: the steps that are done, so later ones in older files of the folder are void. Throws
  /// Error when the file cannot be made.
  TensorBoard(const std::filesystem::path& folder, const train::Run& run, const train::Dataset& dataset, Index step,
              train::Progress& progress);

  void losses(Index step, const train::Numbers& numbers, const train::TrainingTimes& times) override;
  void validation(Index step, const train::Numbers& numbers) override;

 private:
  void add(Index step, const std::vector<std::string>& values);
  void add_pictures(std::vector<std::string>& values) const;

  const train::Run& run_;
  const train::Dataset& dataset_;
  train::Progress& progress_;
  std::unique_ptr<EventFile> file_;  // null after a write failed
  train::TrainingTimes before_;      // at the last line
  Index step_before_ = -1;           // -1: there was no line
};

}  // namespace gradus::report
