#pragma once

#include <string>

#include <gradus/report/report.h>
#include <gradus/train/observer.h>
#include <gradus/train/progress.h>
#include <gradus/train/trainer.h>

namespace gradus::report {

/// Writes the page report.html of a run after each validation of its training, with outputs for some of the validation
/// pairs or images. A page that cannot be written is a note; the training goes on.
class LivePage final : public train::TrainingObserver {
 public:
  /// All must outlive it. `program`: ReportOptions::program.
  LivePage(const train::RunDirectory& directory, const train::Dataset& dataset, const train::Trainer& trainer,
           std::string program, train::Progress& progress);

  void validation(Index step, const train::Numbers& numbers) override;
  /// Writes the page of the run after its training. Returns whether that worked.
  bool finish();

 private:
  bool write(bool in_training);

  const train::RunDirectory& directory_;
  const train::Dataset& dataset_;
  const train::Trainer& trainer_;
  std::string program_;
  train::Progress& progress_;
};

}  // namespace gradus::report
