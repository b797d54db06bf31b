#include <gradus/train/optimizers.h>

#include <fmt/format.h>

#include <algorithm>

#include <gradus/optim/adagrad.h>
#include <gradus/optim/adam.h>
#include <gradus/optim/lion.h>
#include <gradus/optim/rmsprop.h>
#include <gradus/optim/sgd.h>

namespace gradus::train {
namespace {

using Parameters = std::vector<Tensor>;

struct OptimizerRow {
  const char* name;
  std::unique_ptr<optim::Optimizer> (*make)(const Parameters&, const TrainConfig&);
};

template <class Kind, class Options>
std::unique_ptr<optim::Optimizer> made(const Parameters& parameters, const Options& options) {
  return std::make_unique<Kind>(parameters, options);
}

optim::AdamOptions adam_options(const TrainConfig& c) {
  return {.beta1 = c.beta1, .beta2 = c.beta2, .eps = c.epsilon, .weight_decay = c.weight_decay};
}

const OptimizerRow optimizers[] = {
    {"sgd",
     [](const Parameters& p, const TrainConfig& c) {
       return made<optim::SGD>(p, optim::SGDOptions{.momentum = c.momentum, .weight_decay = c.weight_decay});
     }},
    {"adam", [](const Parameters& p, const TrainConfig& c) { return made<optim::Adam>(p, adam_options(c)); }},
    {"adamw",
     [](const Parameters& p, const TrainConfig& c) {
       optim::AdamOptions o = adam_options(c);
       o.decoupled = true;
       return made<optim::Adam>(p, o);
     }},
    {"amsgrad",
     [](const Parameters& p, const TrainConfig& c) {
       optim::AdamOptions o = adam_options(c);
       o.amsgrad = true;
       return made<optim::Adam>(p, o);
     }},
    {"rmsprop",
     [](const Parameters& p, const TrainConfig& c) {
       return made<optim::RMSprop>(p, optim::RMSpropOptions{.alpha = c.alpha,
                                                            .eps = c.epsilon,
                                                            .weight_decay = c.weight_decay,
                                                            .momentum = c.momentum,
                                                            .centered = c.centered});
     }},
    {"adagrad",
     [](const Parameters& p, const TrainConfig& c) {
       return made<optim::Adagrad>(p, optim::AdagradOptions{.weight_decay = c.weight_decay, .eps = c.epsilon});
     }},
    {"lion",
     [](const Parameters& p, const TrainConfig& c) {
       return made<optim::Lion>(p,
                                optim::LionOptions{.beta1 = c.beta1, .beta2 = c.beta2, .weight_decay = c.weight_decay});
     }},
};

struct ScheduleRow {
  const char* name;
  optim::Schedule (*make)(const TrainConfig&, Index total);  // after the warm-up
  bool plateau = false;
};

optim::Schedule constant(const TrainConfig& c, Index) { return optim::constant(c.lr); }

Index steps_after_warm_up(const TrainConfig& c, Index total) { return std::max<Index>(1, total - c.warmup); }

const ScheduleRow schedules[] = {
    {"constant", constant},
    {"step", [](const TrainConfig& c, Index) { return optim::step_decay(c.lr, c.decay_every, c.decay); }},
    {"multi_step", [](const TrainConfig& c, Index) { return optim::multi_step(c.lr, c.milestones, c.decay); }},
    {"exponential", [](const TrainConfig& c, Index) { return optim::exponential(c.lr, c.decay, c.decay_every); }},
    {"cosine",
     [](const TrainConfig& c, Index total) { return optim::cosine(c.lr, steps_after_warm_up(c, total), c.min_lr); }},
    {"cosine_restarts",
     [](const TrainConfig& c, Index) { return optim::cosine_restarts(c.lr, c.decay_every, c.cycle_growth, c.min_lr); }},
    {"polynomial",
     [](const TrainConfig& c, Index total) {
       return optim::polynomial(c.lr, steps_after_warm_up(c, total), c.power, c.min_lr);
     }},
    {"one_cycle",
     [](const TrainConfig& c, Index total) {
       return optim::one_cycle(
           c.lr, steps_after_warm_up(c, total),
           {.pct_start = c.pct_start, .div_factor = c.div_factor, .final_div_factor = c.final_div_factor});
     }},
    {"inverse_sqrt",
     [](const TrainConfig& c, Index) { return optim::inverse_square_root(c.lr, std::max<Index>(1, c.warmup)); }},
    {"plateau", constant, true},
};

template <class Rows>
std::vector<std::string> names_of(const Rows& rows) {
  std::vector<std::string> names;
  for (const auto& row : rows) names.emplace_back(row.name);
  return names;
}

template <class Rows>
const auto& row_of(const Rows& rows, const char* what, const std::string& name) {
  for (const auto& row : rows)
    if (row.name == name) return row;
  throw Error(fmt::format("there is no {} '{}': one of {}", what, name, fmt::join(names_of(rows), ", ")));
}

}  // namespace

std::vector<std::string> optimizer_names() { return names_of(optimizers); }

std::vector<std::string> schedule_names() { return names_of(schedules); }

std::unique_ptr<optim::Optimizer> make_optimizer(const TrainConfig& c, const std::vector<Tensor>& parameters) {
  return row_of(optimizers, "optimiser", c.optimizer).make(parameters, c);
}

optim::Schedule make_schedule(const TrainConfig& c, Index total) {
  optim::Schedule after = row_of(schedules, "schedule", c.schedule).make(c, total);
  if (c.warmup_factor > 0) return optim::warm_up(c.warmup, std::move(after), c.warmup_factor);
  return optim::warm_up(c.warmup, std::move(after));
}

std::optional<optim::Plateau> make_plateau(const TrainConfig& c) {
  if (!row_of(schedules, "schedule", c.schedule).plateau) return std::nullopt;
  return optim::Plateau({.higher_is_better = higher_is_better(c.best_by),
                         .factor = c.decay,
                         .patience = c.decay_every,
                         .least = c.min_lr / c.lr});
}

}  // namespace gradus::train
