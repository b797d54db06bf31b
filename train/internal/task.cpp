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
  return config.train_target.empty() ? config.train : fmt::format("{} and {}", config.train, config.train_target);
}

std::string validation_origin(const DataConfig& config) {
  if (config.valid.empty()) return training_origin(config);
  return config.valid_target.empty() ? config.valid : fmt::format("{} and {}", config.valid, config.valid_target);
}

}  // namespace gradus::train
