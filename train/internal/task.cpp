#include <gradus/train/internal/task.h>

#include <fmt/format.h>

#include <algorithm>

namespace gradus::train {

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
