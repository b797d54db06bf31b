#include "train/trainer.h"

#include <fmt/format.h>

#include <algorithm>

namespace gradus::train {
namespace {

Index steps_of(const TrainConfig& config, const std::vector<data::EncodedPair>& pairs) {
  const data::BatchOptions by{.by = config.batch_by, .size = config.batch, .shuffle = false};
  const Index epoch = std::ssize(data::plan_batches(pairs, by));
  if (config.epochs == 0) return config.steps;
  const Index all = config.epochs * epoch;
  return config.steps == 0 ? all : std::min(config.steps, all);
}

}  // namespace

Trainer::Trainer(Run& run, const Dataset& dataset)
    : run_(run),
      data_(dataset),
      config_(run.config.train),
      step_(*run.model, *run.store, config_),
      total_steps_(steps_of(config_, dataset.train)),
      schedule_(make_schedule(config_, total_steps_)) {
  if (config_.schedule == ScheduleKind::plateau) {
    plateau_.emplace(optim::PlateauOptions{
        .factor = config_.decay, .patience = config_.decay_every, .least = config_.min_lr / config_.lr});
  }
}

Trainer::Plan Trainer::plan(Index epoch) const {
  return data::plan_batches(data_.train, {.by = config_.batch_by,
                                          .size = config_.batch,
                                          .seed = static_cast<std::uint64_t>(config_.seed),
                                          .epoch = static_cast<std::uint64_t>(epoch)});
}

bool Trainer::finished() const {
  return (config_.steps > 0 && position_.step >= config_.steps) ||
         (config_.epochs > 0 && position_.epoch >= config_.epochs);
}

Outcome Trainer::run(Progress& progress, const RunDirectory* directory, const std::function<bool()>& stop) {
  directory_ = directory;
  if (directory != nullptr) metrics_.emplace(directory->metrics());
  progress.start("training", total_steps_);
  const auto ended = [&](Ending ending) {
    progress.finish();
    return Outcome{ending, position_, score_};
  };
  while (!finished()) {
    const Plan batches = plan(position_.epoch);
    while (position_.batch < std::ssize(batches) && !finished()) {
      train_batch(batches[static_cast<std::size_t>(position_.batch)], progress);
      if (position_.batch == std::ssize(batches)) {
        position_.batch = 0;
        ++position_.epoch;
      }
      const bool due = config_.evaluate_every > 0 ? position_.step % config_.evaluate_every == 0 : position_.batch == 0;
      if (due) validate(progress);
      if (config_.patience > 0 && position_.stale >= config_.patience) return ended(Ending::patience);
      if (stop && stop()) {
        save(false);
        return ended(Ending::interrupted);
      }
      if (position_.batch == 0) break;
    }
  }
  if (validated_step_ != position_.step) validate(progress);
  return ended(Ending::complete);
}

void Trainer::train_batch(const std::vector<Index>& rows, Progress& progress) {
  const double lr = schedule_(position_.step) * (plateau_ ? plateau_->scale() : 1);
  const TrainingStep::Result result = step_.run(data::make_batch(data_.train, rows), position_.step, lr);
  ++position_.step;
  ++position_.batch;
  loss_sum_ += result.loss;
  ++loss_steps_;
  if (position_.step % config_.log_every == 0) {
    log(json_line({{"step", position_.step},
                   {"epoch", position_.epoch},
                   {"loss", loss_sum_ / static_cast<double>(loss_steps_)},
                   {"lr", lr},
                   {"grad_norm", result.grad_norm}}));
    loss_sum_ = 0;
    loss_steps_ = 0;
  }
  progress.update(position_.step, fmt::format("loss {:.4f}", result.loss));
}

void Trainer::validate(Progress& progress) {
  validated_step_ = position_.step;
  const Evaluation found = evaluate(*run_.model, data_.source, data_.target, data_.references,
                                    {.max_length = run_.config.decode.max_length});
  const double loss = mean_loss(*run_.model, data_.valid);
  score_ = found.score;
  const double value = config_.best_by == BestBy::loss ? loss : score_.word_error_rate;
  if (plateau_) plateau_->observe(value);
  const bool best = position_.best_step == 0 || value < position_.best;
  if (best) {
    position_.best = value;
    position_.best_step = position_.step;
  }
  position_.stale = best ? 0 : position_.stale + 1;
  log(json_line({{"step", position_.step},
                 {"epoch", position_.epoch},
                 {"valid_loss", loss},
                 {"valid_word_error_rate", score_.word_error_rate},
                 {"valid_token_error_rate", score_.token_error_rate},
                 {"best", static_cast<Index>(best)}}));
  save(best);
  progress.line(fmt::format("step {}  epoch {}  valid loss {:.4f}  WER {:.2f} %  TER {:.2f} %{}", position_.step,
                            position_.epoch, loss, 100 * score_.word_error_rate, 100 * score_.token_error_rate,
                            best ? "  best so far" : ""));
}

void Trainer::save(bool best) {
  if (directory_ == nullptr) return;
  if (best) write_safetensors(directory_->best(), pack(*run_.store, position_));
  write_safetensors(directory_->last(),
                    pack(*run_.store, position_, &step_.optimizer(), plateau_ ? &*plateau_ : nullptr));
}

void Trainer::log(const std::string& line) {
  if (metrics_) metrics_->append(line);
}

}  // namespace gradus::train
