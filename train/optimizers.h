#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gradus/optim/optimizer.h>
#include <gradus/optim/schedule.h>
#include <gradus/train/run_config.h>

// Optimisers and schedules by the names of train.optimizer and train.schedule.
namespace gradus::train {

/// The values of train.optimizer, and of train.schedule.
std::vector<std::string> optimizer_names();
std::vector<std::string> schedule_names();

/// The optimiser of config.optimizer over these leaves. Throws Error when there is none of that name.
std::unique_ptr<optim::Optimizer> make_optimizer(const TrainConfig& config, const std::vector<Tensor>& parameters);

/// The learning rate of config.schedule by step, warm-up included. `total` is the number of steps of the run. Throws
/// Error when there is no schedule of that name.
optim::Schedule make_schedule(const TrainConfig& config, Index total);

/// The plateau of config.schedule, if that schedule has one. It observes values of config.best_by.
std::optional<optim::Plateau> make_plateau(const TrainConfig& config);

}  // namespace gradus::train
