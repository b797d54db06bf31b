#include <gradus/train/internal/task.h>

#include <fmt/format.h>

namespace gradus::train {

std::string training_origin(const DataConfig& config) {
  if (!config.task.empty()) return fmt::format("the task {}", config.task);
  return config.train_target.empty() ? config.train : fmt::format("{} and {}", config.train, config.train_target);
}

std::string validation_origin(const DataConfig& config) {
  if (config.valid.empty()) return training_origin(config);
  return config.valid_target.empty() ? config.valid : fmt::format("{} and {}", config.valid, config.valid_target);
}

}  // namespace gradus::train
