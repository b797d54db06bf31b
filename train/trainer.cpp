#include <gradus/train/trainer.h>

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <tuple>
#include <variant>

#include <gradus/files/internal/json.h>
#include <gradus/train/average.h>
#include <gradus/train/internal/rank_check.h>
#include <gradus/train/internal/recorded_settings.h>
#include <gradus/train/internal/task.h>
#include <gradus/train/optimizers.h>
#include <gradus/train/settings.h>

namespace gradus::train {
namespace {

TrainingLength length_of(const TrainConfig& config, const Task& task) {
  TrainingLength length{total_steps(config, task), config.evaluate_every};
  if (config.epochs == 0 || config.evaluate_every > 0) return length;
  if (config.min_steps > config.epochs * task.batches())
    length.evaluate_every = (config.min_steps + config.epochs - 1) / config.epochs;
  return length;
}

bool has_change(const std::vector<SettingChange>& changes, std::initializer_list<const char*> keys) {
  return std::any_of(changes.begin(), changes.end(), [&](const SettingChange& change) {
    return std::find(keys.begin(), keys.end(), change.key) != keys.end();
  });
}

// " (train.lr = 0.001, was 0.002)", or nothing.
std::string listed(const std::vector<SettingChange>& changes) {
  std::vector<std::string> texts;
  for (const SettingChange& change : changes) texts.push_back(text_of(change));
  return texts.empty() ? std::string() : fmt::format(" ({})", fmt::join(texts, "; "));
}

// The measures of a validation in the order in which they count; smaller is better.
std::tuple<double, double, double> rank(BestBy by, double value, double token_error_rate, double loss) {
  return {higher_is_better(by) ? -value : value, token_error_rate, loss};
}

bool has_all_steps(const TrainConfig& config, const Position& position) {
  return (config.steps > 0 && position.step >= config.steps) ||
         (config.epochs > 0 && position.epoch >= config.epochs && position.step >= config.min_steps);
}

Run& with_valid_settings(Run& run) {
  check(run.config.train);
  check_values(run.config, "decode");
  return run;
}

bool lost_patience(const TrainConfig& config, const Position& position) {
  return config.patience > 0 && position.stale >= config.patience;
}

Numbers numbers_of(const files::JsonFields& fields) {
  Numbers numbers;
  for (const auto& [name, value] : fields)
    if (const double* number = std::get_if<double>(&value)) numbers.emplace_back(name, *number);
  return numbers;
}

// Removes excess checkpoints, the first ones first.
void remove_excess(const std::vector<std::filesystem::path>& files, Index keep) {
  std::error_code ignored;
  for (Index i = 0; i < std::ssize(files) - keep; ++i)
    std::filesystem::remove(files[static_cast<std::size_t>(i)], ignored);
}

}  // namespace

bool is_complete(const TrainConfig& config, const Position& position) {
  const bool ended = has_all_steps(config, position) || lost_patience(config, position);
  return ended && position.validated == position.step;
}

Trainer::Trainer(Run& run, const Dataset& dataset, Ranks* ranks)
    : run_(with_valid_settings(run)),
      ranks_(ranks),
      task_(make_task(run, dataset)),
      config_(run.config.train),
      step_(*run.store, config_, ranks),
      length_(length_of(config_, *task_)),
      schedule_(make_schedule(config_, length_.steps)),
      plateau_(make_plateau(config_)) {
  if (config_.average > 0) average_.emplace(run.store->trainable(), config_.average);
  task_->identify(position_);
}

Trainer::~Trainer() = default;

void Trainer::resume(const RunDirectory& directory) {
  if (std::filesystem::exists(directory.last())) {
    go_on_from(directory.last());
  } else if (std::filesystem::exists(directory.best()) && is_average(read_checkpoint(directory.best()))) {
    throw Error(
        fmt::format("{}: it holds an average of checkpoints, which has no state to train on; start a new run "
                    "from it (--from)",
                    directory.path().string()));
  }
  task_->check_files(directory);
}

void Trainer::go_on_from(const std::filesystem::path& file) {
  const std::string name = file.string();
  const files::Safetensors checkpoint = read_checkpoint(file);
  const Position found = position_of(checkpoint, name);
  const std::vector<SettingChange> changes = changed_settings(checkpoint.metadata, run_.config);
  check_meaning(changes, name);
  for (const SettingChange& change : changes) {
    if (change.key != "train.optimizer" && change.key != "train.best_by") continue;
    throw Error(fmt::format("{}: {}; a run keeps this setting: restore it, or train a new run", name, text_of(change)));
  }
  check_pairs(found, name, listed(changes));
  const bool reordered = has_change(changes, {"train.seed", "train.batch", "train.batch_by"});
  if (!reordered) check_steps(found, name);
  try {
    position_ = unpack(without_states(checkpoint, step_.others()), name, *run_.store, owners());
  } catch (const Error& e) {
    throw Error(e.what() + listed(changes));
  }
  for (const SettingChange& change : changes)
    notes_.push_back(fmt::format("note: {} up to step {}; continuing with the new value", text_of(change), found.step));
  for (const SettingChange& change : renamed_settings(checkpoint.metadata)) {
    notes_.push_back(fmt::format("note: {} = {} is now named {}, in metrics.jsonl too; its meaning is the same",
                                 change.key, change.before, change.now));
  }
  if (!reordered) return;
  if (position_.batch > 0)
    notes_.push_back(fmt::format("note: epoch {} starts again with the new batches", position_.epoch + 1));
  position_.order_step = position_.step;
  position_.order_epoch = position_.epoch;
  position_.batch = 0;
}

void Trainer::check_pairs(const Position& found, const std::string& name, const std::string& changes) const {
  const auto check = [&](std::uint64_t own, std::uint64_t theirs, const char* used, const std::string& from) {
    if (own == theirs) return;
    throw Error(fmt::format("{}: it was {} on other {} than {} gives now{}; restore the old ones, or train a new run",
                            name, used, task_->examples(), from, changes));
  };
  check(position_.training_pairs, found.training_pairs, "trained", training_origin(run_.config.data));
  check(position_.validation_pairs, found.validation_pairs, "validated", validation_origin(run_.config.data));
}

// Throws unless the epochs and batches of a position make up its steps.
void Trainer::check_steps(const Position& found, const std::string& name) const {
  const Index batches = std::ssize(task_->plan(found.epoch));
  if (found.batch >= batches) {
    throw Error(fmt::format("{}: its metadata are impossible: \"batch\" is {}, an epoch has {} batches", name,
                            found.batch, batches));
  }
  if (config_.batch_by != data::BatchBy::sentences) return;  // epochs differ
  const Index steps = found.order_step + (found.epoch - found.order_epoch) * batches + found.batch;
  if (found.step == steps) return;
  throw Error(
      fmt::format("{}: its metadata contradict each other: \"step\" is {}, but \"epoch\" {} and \"batch\" {} make {}",
                  name, found.step, found.epoch, found.batch, steps));
}

StateOwners Trainer::owners() {
  return {.optimizer = &step_.optimizer(),
          .plateau = plateau_ ? &*plateau_ : nullptr,
          .average = average_ ? &*average_ : nullptr};
}

bool Trainer::finished() const { return has_all_steps(config_, position_); }

bool Trainer::out_of_patience() const { return lost_patience(config_, position_); }

bool Trainer::validation_due() const {
  if (position_.step == 0 || position_.validated == position_.step) return false;
  return length_.evaluate_every > 0 ? position_.step % length_.evaluate_every == 0 : position_.batch == 0;
}

// Throws Error, on all ranks, unless they are about to train the same.
void Trainer::check_ranks() {
  std::vector<Fact> facts = facts_of_program();
  for (const auto& [key, value] : recorded_settings(run_.config)) facts.push_back({"the setting " + key, value});
  facts.push_back({"the data to train on (hash)", fmt::format("{:016x}", position_.training_pairs)});
  facts.push_back({"the data to validate on (hash)", fmt::format("{:016x}", position_.validation_pairs)});
  facts.push_back({"the vocabularies (hash)", fmt::format("{:016x}", position_.vocabularies)});
  facts.push_back({"the steps of the checkpoint", fmt::format("{}", position_.step)});
  std::vector<Tensor> values;
  const StateOwners all = ranks_->shard_optimizer ? StateOwners{} : owners();
  for (const files::NamedTensor& t : pack(*run_.store, position_, all).tensors) values.push_back(t.tensor);
  facts.push_back({"the parameters and states to start from (hash)", hash_of(values)});
  facts.push_back({"--fast-reduce", ranks_->fast_reduce ? "set" : "not set"});
  facts.push_back({"--shard-optimizer", ranks_->shard_optimizer ? "set" : "not set"});
  check_same(*ranks_, facts);
}

// Whether `stop` is true, on any rank.
bool Trainer::stops(const Stop& stop) const {
  const bool here = stop && stop();
  return ranks_ == nullptr ? here : ranks_->any(here);
}

void Trainer::note_overlap(Progress& progress) const {
  if (ranks_ == nullptr) return;
  const TrainingStep::Overlap overlap = step_.overlap();
  progress.line(
      fmt::format("{} ranks: gradients were under way for {:.1f} s, {:.0f} % of it while shards were computed",
                  ranks_->size(), overlap.seconds, 100 * overlap.hidden));
}

Outcome Trainer::run(Progress& progress, const RunDirectory* directory, const std::function<bool()>& stop) {
  directory_ = directory;
  if (ranks_ != nullptr) check_ranks();
  if (directory != nullptr) open_metrics(progress);
  for (const std::string& note : notes_) progress.line(note);
  notes_.clear();
  prune();  // a killed trainer may have left an excess file
  progress.start("training", length_.steps, position_.step);
  const auto ended = [&](Ending ending) {
    progress.finish();
    note_overlap(progress);
    return Outcome{ending, position_, score_};
  };
  try {
    train_steps(progress, stop);
    if (out_of_patience()) return ended(Ending::patience);
    if (position_.validated != position_.step) validate(progress, stop);
  } catch (const models::Stopped&) {
    save(false, false);
    return ended(Ending::interrupted);
  }
  note_improvement(progress);
  return ended(Ending::complete);
}

// Prints a note if the last fifth of this call's validations lowered the error by more than a tenth.
void Trainer::note_improvement(Progress& progress) const {
  const auto last = std::max<std::ptrdiff_t>(std::ssize(values_) / 5, 1);
  if (std::ssize(values_) < 5) return;
  const bool higher = higher_is_better(config_.best_by);
  const auto best_of = [&](auto begin, auto end) {
    return higher ? *std::max_element(begin, end) : *std::min_element(begin, end);
  };
  const double before = best_of(values_.begin(), values_.end() - last), now = best_of(values_.begin(), values_.end());
  const double most = config_.best_by == BestBy::accuracy ? 1 : 100;  // of a value of which more is better
  const double error_before = higher ? most - before : before, error_now = higher ? most - now : now;
  if (error_now >= 0.9 * error_before) return;
  progress.line(
      fmt::format("note: the run ended while it still improved: {} went from {:.4g} to {:.4g} in the last fifth of its "
                  "validations; train longer, for example with --steps {}",
                  to_toml(setting_named("train.best_by").get(run_.config)), before, now, 2 * length_.steps));
}

// Throws models::Stopped after `stop` returned true.
void Trainer::train_steps(Progress& progress, const Stop& stop) {
  if (validation_due()) validate(progress, stop);  // the one that was stopped
  while (!finished() && !out_of_patience()) {
    const std::vector<std::vector<Index>> batches = task_->plan(position_.epoch);
    do {
      train_batch(batches[static_cast<std::size_t>(position_.batch)], progress);
      if (position_.batch == std::ssize(batches)) {
        position_.batch = 0;
        ++position_.epoch;
      }
      if (validation_due())
        validate(progress, stop);
      else if (config_.save_every > 0 && position_.step % config_.save_every == 0)
        save(false, true);
      if (out_of_patience()) return;
      if (stops(stop)) throw models::Stopped();
    } while (position_.batch != 0 && !finished());
  }
}

void Trainer::open_metrics(Progress& progress) {
  metrics_.emplace(directory_->metrics(), position_.metrics_bytes);
  times_.emplace(directory_->times(), position_.step);
  if (metrics_->missing() == 0) return;
  progress.line(fmt::format("note: {} lacks {} of the {} bytes that were written to it: lines were removed; continuing",
                            directory_->metrics().string(), metrics_->missing(), position_.metrics_bytes));
}

double Trainer::learning_rate(Index step) const { return schedule_(step) * (plateau_ ? plateau_->scale() : 1); }

void Trainer::train_batch(const std::vector<Index>& rows, Progress& progress) {
  const double lr = learning_rate(position_.step);
  const std::unique_ptr<StepBatch> batch = task_->batch(rows, position_.step);
  const auto refuse = [&](const char* what) {
    throw Error(fmt::format("step {}: {} for {}", position_.step + 1, what, batch->size_advice()));
  };
  TrainingStep::Result result;
  try {
    result = step_.run(*batch, position_.step, lr);
  } catch (const OutOfMemory& e) {
    refuse(e.what());
  } catch (const std::bad_alloc&) {
    refuse("there is not enough memory");
  }
  if (average_) average_->update();
  if (times_) times_->add(result, batch->size());
  ++position_.step;
  ++position_.batch;
  position_.loss_sum += result.loss;
  ++position_.loss_steps;
  if (position_.step % config_.log_every == 0) log_losses(lr, result.grad_norm);
  progress.update(position_.step, fmt::format("loss {:.4f}", result.loss));
}

void Trainer::validate(Progress& progress, const Stop& stop) {
  Validation found;
  try {
    const optim::Averaged averaged(owners().average);
    found = task_->validate(stop, ranks_);
  } catch (const models::NanScores& e) {
    refuse_divergence(e.what());
  }
  score_ = found.score;
  values_.push_back(found.value);
  position_.validated = position_.step;
  const bool first = position_.best_step == 0;
  const bool best =
      first || rank(config_.best_by, found.value, score_.token_error_rate, found.loss) <
                   rank(config_.best_by, position_.best, position_.best_token_error_rate, position_.best_loss);
  if (plateau_) plateau_->observe(found.value, best && !first && found.value == position_.best);
  if (best) {
    position_.best = found.value;
    position_.best_token_error_rate = score_.token_error_rate;
    position_.best_loss = found.loss;
    position_.best_step = position_.step;
  }
  position_.stale = best ? 0 : position_.stale + 1;
  note_best_validation({position_.step, found.value, score_.token_error_rate, found.loss});
  files::JsonFields line{{"step", position_.step}, {"epoch", position_.epoch}};
  line.insert(line.end(), found.fields.begin(), found.fields.end());
  line.emplace_back("best", static_cast<Index>(best));
  if (metrics_) metrics_->append(files::json_line(line));
  save(best, true);
  progress.line(
      fmt::format("step {}  epoch {}  {}{}", position_.step, position_.epoch, found.text, best ? "  best so far" : ""));
  if (metrics_)
    for (TrainingObserver* observer : observers_) observer->validation(position_.step, numbers_of(found.fields));
}

void Trainer::save(bool best, bool keep) {
  optim::State of_all;
  StateOwners all = owners();
  if (!step_.others().empty()) {
    of_all = step_.optimizer_state();  // all ranks take part
    all.state = &of_all;
  }
  if (directory_ == nullptr) return;
  directory_->check_place();
  metrics_->sync();
  position_.metrics_bytes = metrics_->size();
  const files::Safetensors state = packed(all);
  // The best come first: if the trainer is killed before the last state is written, it reaches them again after it
  // resumes.
  const auto& validations = position_.best_validations;
  const bool among_best = keep && std::any_of(validations.begin(), validations.end(),
                                              [&](const BestValidation& v) { return v.step == position_.step; });
  if (best || among_best) {
    const optim::Averaged averaged(owners().average);
    const files::Safetensors model = packed({});
    if (among_best) files::write_safetensors(directory_->kept_best(position_.step), model);
    if (best) files::write_safetensors(directory_->best(), model);
  }
  if (keep && config_.keep > 0) files::write_safetensors(directory_->kept(position_.step), state);
  files::write_safetensors(directory_->last(), state);
  prune();
}

// The checkpoint of the current state. Throws when a value of it is not finite.
files::Safetensors Trainer::packed(const StateOwners& owners) const {
  files::Safetensors checkpoint = pack(*run_.store, position_, owners);
  if (const std::string bad = first_not_finite(checkpoint, *run_.store); !bad.empty())
    refuse_divergence(fmt::format("\"{}\" has a value that is not finite", bad));
  checkpoint.metadata.merge(recorded_settings(run_.config));
  return checkpoint;
}

void Trainer::refuse_divergence(const std::string& what) const {
  throw Error(fmt::format(
      "step {}: {}: training diverged at a learning rate of {:g}; checkpoints stay as they are; train again "
      "with a lower train.lr, a lower train.clip, or a longer train.warmup",
      position_.step, what, learning_rate(std::max<Index>(position_.step - 1, 0))));
}

// Adds a validation to the best ones if it is among the train.keep_best best. Of equal ones the earlier comes first.
void Trainer::note_best_validation(const BestValidation& found) {
  if (config_.keep_best == 0) return;
  std::vector<BestValidation>& all = position_.best_validations;
  std::erase_if(all, [&](const BestValidation& v) { return v.step == found.step; });
  const auto rank_of = [&](const BestValidation& v) {
    return rank(config_.best_by, v.value, v.token_error_rate, v.loss);
  };
  all.insert(
      std::upper_bound(all.begin(), all.end(), found,
                       [&](const BestValidation& a, const BestValidation& b) { return rank_of(a) < rank_of(b); }),
      found);
  if (std::ssize(all) > config_.keep_best) all.resize(static_cast<std::size_t>(config_.keep_best));
}

// Keeps the newest train.keep checkpoints, and those of the best train.keep_best validations. Files of later steps were
// written before the run returned to an older state, so they count as older, and so do those of no best validation.
void Trainer::prune() const {
  if (directory_ == nullptr) return;
  if (config_.keep > 0) {
    std::vector<std::filesystem::path> kept = directory_->kept();
    const std::filesystem::path now = directory_->kept(position_.step);
    std::stable_partition(kept.begin(), kept.end(), [&](const auto& file) { return file > now; });
    remove_excess(kept, config_.keep);
  }
  if (config_.keep_best > 0) {
    std::vector<std::filesystem::path> kept = directory_->kept_best();
    const auto& best = position_.best_validations;
    std::stable_partition(kept.begin(), kept.end(), [&](const auto& file) {
      return std::none_of(best.begin(), best.end(),
                          [&](const BestValidation& v) { return file == directory_->kept_best(v.step); });
    });
    remove_excess(kept, config_.keep_best);
  }
}

// The losses since the last line, and the learning rate and the gradient of the last step.
void Trainer::log_losses(double lr, double grad_norm) {
  const files::JsonFields line = {{"step", position_.step},
                                  {"epoch", position_.epoch},
                                  {"loss", position_.loss_sum / static_cast<double>(position_.loss_steps)},
                                  {"lr", lr},
                                  {"grad_norm", grad_norm}};
  position_.loss_sum = 0;
  position_.loss_steps = 0;
  if (!metrics_) return;
  metrics_->append(files::json_line(line));
  times_->append(position_.step);
  for (TrainingObserver* observer : observers_)
    observer->losses(position_.step, numbers_of({line.begin() + 2, line.end()}), times_->times());
}

}  // namespace gradus::train
