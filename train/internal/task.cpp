#include <gradus/train/internal/task.h>

#include <fmt/format.h>

#include <algorithm>

#include <gradus/train/internal/image_task.h>
#include <gradus/train/internal/pair_task.h>

namespace gradus::train {

std::unique_ptr<const Task> make_task(const Run& run, const Dataset& dataset) {
  if (run.classifier) return std::make_unique<ImageTask>(run, dataset);
  return std::make_unique<PairTask>(run, dataset);
}

Index total_steps(const TrainConfig& config, const Task& task) {
  if (config.epochs == 0) return config.steps;
  const Index all = std::max(config.epochs * task.batches(), config.min_steps);
  return config.steps == 0 ? all : std::min(config.steps, all);
}

std::string training_origin(const DataConfig& config) {
  if (!config.task.empty()) return fmt::format("the task {}", config.task);
  const std::string& other = config.labels.empty() ? config.train_target : config.labels;
  return other.empty() ? config.train : fmt::format("{} and {}", config.train, other);
}

std::string validation_origin(const DataConfig& config) {
  if (config.valid.empty()) return training_origin(config);
  const std::string& other = config.labels.empty() ? config.valid_target : config.valid_labels;
  return other.empty() ? config.valid : fmt::format("{} and {}", config.valid, other);
}

}  // namespace gradus::train
