#include <gradus/train/trainer.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <new>

#include <gradus/files/internal/json.h>
#include <gradus/train/optimizers.h>

namespace gradus::train {
namespace {

Index steps_of(const TrainConfig& config, const std::vector<data::EncodedPair>& pairs) {
  const data::BatchOptions by{.by = config.batch_by, .size = config.batch, .shuffle = false};
  const Index epoch = std::ssize(data::plan_batches(pairs, by));
  if (config.epochs == 0) return config.steps;
  const Index all = config.epochs * epoch;
  return config.steps == 0 ? all : std::min(config.steps, all);
}

// The source of the pairs, for messages.
std::string origin(const DataConfig& config) {
  if (!config.task.empty()) return fmt::format("the task {}", config.task);
  return config.train_target.empty() ? config.train : fmt::format("{} and {}", config.train, config.train_target);
}

// Throws when there is nothing to train.
Run& checked(Run& run, const Dataset& dataset) {
  if (!run.model || !run.store) throw Error("Trainer: the run has no model; make it with make_run or load_run");
  if (dataset.train.empty()) throw Error("Trainer: the dataset has no pairs to train on; make it with load_dataset");
  if (dataset.valid.empty() || dataset.references.empty())
    throw Error("Trainer: the dataset has no pairs to validate on; make it with load_dataset");
  return run;
}

}  // namespace

Trainer::Trainer(Run& run, const Dataset& dataset)
    : run_(checked(run, dataset)),
      data_(dataset),
      config_(run.config.train),
      step_(*run.model, *run.store, config_),
      total_steps_(steps_of(config_, dataset.train)),
      schedule_(make_schedule(config_, total_steps_)),
      plateau_(make_plateau(config_)) {
  if (config_.average > 0) average_.emplace(run.store->trainable(), config_.average);
  position_.data = fingerprint(dataset);
  position_.vocabularies = fingerprint(dataset.source, dataset.target);
}

void Trainer::resume(const RunDirectory& directory) {
  if (std::filesystem::exists(directory.last())) go_on_from(directory.last());
  check_vocabulary(directory.source_vocabulary(), directory.read_source_vocabulary(run_.config), data_.source);
  check_vocabulary(directory.target_vocabulary(), directory.read_target_vocabulary(run_.config), data_.target);
}

void Trainer::check_vocabulary(const std::filesystem::path& file, const data::Vocabulary& found,
                               const data::Vocabulary& own) const {
  if (found == own) return;
  throw Error(fmt::format("{}: it is not the vocabulary of {}; restore the old file, or train a new run", file.string(),
                          origin(run_.config.data)));
}

void Trainer::go_on_from(const std::filesystem::path& file) {
  const std::string name = file.string();
  const files::Safetensors checkpoint = files::read_safetensors(file);
  const Position found = position_of(checkpoint, name);
  if (found.data != position_.data) {
    throw Error(
        fmt::format("{}: it was trained on other pairs than {} gives now; restore the old ones, or train a new run",
                    name, origin(run_.config.data)));
  }
  if (found.step < 0 || found.epoch < 0 || found.batch < 0 || found.batch >= std::ssize(plan(found.epoch))) {
    throw Error(
        fmt::format("{}: there is no batch {} in epoch {}: was config.toml changed?", name, found.batch, found.epoch));
  }
  position_ = unpack(checkpoint, name, *run_.store, owners());
}

StateOwners Trainer::owners() {
  return {.optimizer = &step_.optimizer(),
          .plateau = plateau_ ? &*plateau_ : nullptr,
          .average = average_ ? &*average_ : nullptr};
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

bool Trainer::out_of_patience() const { return config_.patience > 0 && position_.stale >= config_.patience; }

Outcome Trainer::run(Progress& progress, const RunDirectory* directory, const std::function<bool()>& stop) {
  directory_ = directory;
  if (directory != nullptr) open_metrics(progress);
  prune();  // a killed trainer may have left an excess file
  progress.start("training", total_steps_, position_.step);
  const auto ended = [&](Ending ending) {
    progress.finish();
    return Outcome{ending, position_, score_};
  };
  while (!finished() && !out_of_patience()) {
    const Plan batches = plan(position_.epoch);
    do {
      train_batch(batches[static_cast<std::size_t>(position_.batch)], progress);
      if (position_.batch == std::ssize(batches)) {
        position_.batch = 0;
        ++position_.epoch;
      }
      const bool due = config_.evaluate_every > 0 ? position_.step % config_.evaluate_every == 0 : position_.batch == 0;
      if (due)
        validate(progress);
      else if (config_.save_every > 0 && position_.step % config_.save_every == 0)
        save(false, true);
      if (out_of_patience()) break;
      if (stop && stop()) {
        save(false, false);
        return ended(Ending::interrupted);
      }
    } while (position_.batch != 0 && !finished());
  }
  if (out_of_patience()) return ended(Ending::patience);
  if (position_.validated != position_.step) validate(progress);
  return ended(Ending::complete);
}

void Trainer::open_metrics(Progress& progress) {
  metrics_.emplace(directory_->metrics(), position_.metrics_bytes);
  if (metrics_->missing() == 0) return;
  progress.line(fmt::format("note: {} lacks {} of the {} bytes that were written to it: lines were removed; continuing",
                            directory_->metrics().string(), metrics_->missing(), position_.metrics_bytes));
}

void Trainer::train_batch(const std::vector<Index>& rows, Progress& progress) {
  const double lr = schedule_(position_.step) * (plateau_ ? plateau_->scale() : 1);
  const data::Batch batch = data::make_batch(data_.train, rows);
  const auto refuse = [&](const char* what) {
    throw Error(
        fmt::format("step {}: {} for {} pairs of up to {} source and {} target tokens: leave long pairs out, or make "
                    "train.batch or the model smaller",
                    position_.step + 1, what, batch.size, batch.source_length, batch.target_length));
  };
  TrainingStep::Result result;
  try {
    result = step_.run(batch, position_.step, lr);
  } catch (const OutOfMemory& e) {
    refuse(e.what());
  } catch (const std::bad_alloc&) {
    refuse("there is not enough memory");
  }
  if (average_) average_->update();
  ++position_.step;
  ++position_.batch;
  position_.loss_sum += result.loss;
  ++position_.loss_steps;
  if (position_.step % config_.log_every == 0) {
    log(files::json_line({{"step", position_.step},
                          {"epoch", position_.epoch},
                          {"loss", position_.loss_sum / static_cast<double>(position_.loss_steps)},
                          {"lr", lr},
                          {"grad_norm", result.grad_norm}}));
    position_.loss_sum = 0;
    position_.loss_steps = 0;
  }
  progress.update(position_.step, fmt::format("loss {:.4f}", result.loss));
}

void Trainer::validate(Progress& progress) {
  position_.validated = position_.step;
  double loss = 0;
  {
    const optim::Averaged averaged(owners().average);
    score_ = evaluate(*run_.model, data_.source, data_.target, data_.references,
                      {.max_length = run_.config.decode.max_length})
                 .score;
    loss = mean_loss(*run_.model, data_.valid);
  }
  const double value = config_.best_by == BestBy::loss ? loss : score_.word_error_rate;
  if (plateau_) plateau_->observe(value);
  const bool best = position_.best_step == 0 || std::isnan(position_.best) || value < position_.best;
  if (best) {
    position_.best = value;
    position_.best_step = position_.step;
  }
  position_.stale = best ? 0 : position_.stale + 1;
  log(files::json_line({{"step", position_.step},
                        {"epoch", position_.epoch},
                        {"valid_loss", loss},
                        {"valid_word_error_rate", score_.word_error_rate},
                        {"valid_token_error_rate", score_.token_error_rate},
                        {"best", static_cast<Index>(best)}}));
  save(best, true);
  progress.line(fmt::format("step {}  epoch {}  valid loss {:.4f}  WER {:.2f} %  TER {:.2f} %{}", position_.step,
                            position_.epoch, loss, 100 * score_.word_error_rate, 100 * score_.token_error_rate,
                            best ? "  best so far" : ""));
}

void Trainer::save(bool best, bool keep) {
  if (directory_ == nullptr) return;
  directory_->check_place();
  metrics_->sync();
  position_.metrics_bytes = metrics_->size();
  // The best comes first: if the trainer is killed between the two, it reaches the same best state after it resumes.
  if (best) {
    const optim::Averaged averaged(owners().average);
    files::write_safetensors(directory_->best(), pack(*run_.store, position_));
  }
  const files::Safetensors state = pack(*run_.store, position_, owners());
  if (keep && config_.keep > 0) files::write_safetensors(directory_->kept(position_.step), state);
  files::write_safetensors(directory_->last(), state);
  prune();
}

// Keeps the newest train.keep checkpoints. Files of later steps were written before the run returned to an older state,
// so they count as older.
void Trainer::prune() const {
  if (directory_ == nullptr || config_.keep == 0) return;
  std::vector<std::filesystem::path> kept = directory_->kept();
  const std::filesystem::path now = directory_->kept(position_.step);
  std::stable_partition(kept.begin(), kept.end(), [&](const auto& file) { return file > now; });
  std::error_code ignored;
  for (Index i = 0; i < std::ssize(kept) - config_.keep; ++i)
    std::filesystem::remove(kept[static_cast<std::size_t>(i)], ignored);
}

void Trainer::log(const std::string& line) {
  if (metrics_) metrics_->append(line);
}

}  // namespace gradus::train
