#include <gradus/train/internal/pair_task.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <gradus/data/bleu.h>
#include <gradus/data/chrf.h>
#include <gradus/train/evaluate.h>

namespace gradus::train {
namespace {

double value_of(const Validation& found, const RunConfig& config, const std::vector<data::Tokens>& outputs,
                const std::vector<data::ReferenceSet>& sets) {
  switch (config.train.best_by) {
    case BestBy::sequence_error_rate:
      return found.score.sequence_error_rate;
    case BestBy::token_error_rate:
      return found.score.token_error_rate;
    case BestBy::loss:
      return found.loss;
    case BestBy::bleu:
      return value(data::bleu(texts_of(config, outputs, sets)));
    case BestBy::chrf:
      return value(data::chrf(texts_of(config, outputs, sets)));
    case BestBy::accuracy:
      break;  // of images
  }
  throw Error("train.best_by has no such value");
}

}  // namespace

PairTask::PairTask(const Run& run, const Dataset& dataset) : run_(run), data_(dataset) {
  if (!run.model || !run.store) throw Error("Trainer: the run has no model; make it with make_run or load_run");
  if (dataset.train.empty()) throw Error("Trainer: the dataset has no pairs to train on; make it with load_dataset");
  if (dataset.valid.empty() || dataset.references.empty())
    throw Error("Trainer: the dataset has no pairs to validate on; make it with load_dataset");
  if (run.config.train.scheduled_sampling > 0) steps_ = total_steps(run.config.train, *this);
}

std::vector<std::vector<Index>> PairTask::plan(Index epoch) const {
  const TrainConfig& t = run_.config.train;
  return data::plan_batches(data_.train, {.by = t.batch_by,
                                          .size = t.batch,
                                          .seed = static_cast<std::uint64_t>(t.seed),
                                          .epoch = static_cast<std::uint64_t>(epoch)});
}

Index PairTask::batches() const {
  const TrainConfig& t = run_.config.train;
  return std::ssize(data::plan_batches(data_.train, {.by = t.batch_by, .size = t.batch, .shuffle = false}));
}

std::unique_ptr<StepBatch> PairTask::batch(const std::vector<Index>& rows, Index step) const {
  const double progress = steps_ > 0 ? std::min(1.0, static_cast<double>(step) / static_cast<double>(steps_)) : 0;
  return std::make_unique<PairBatch>(*run_.model, run_.config.train, data::make_batch(data_.train, rows), progress);
}

Validation PairTask::validate(const std::function<bool()>& stop, Ranks* ranks) const {
  Validation found;
  found.loss = mean_loss(*run_.model, data_.valid, stop, ranks);
  if (!std::isfinite(found.loss)) throw models::NanScores(fmt::format("the validation loss is {}", found.loss));
  const Evaluation evaluation = evaluate(*run_.model, data_.source, data_.target, data_.references,
                                         {.max_length = run_.config.decode.max_length, .stop = stop}, ranks);
  const data::Score& score = found.score = evaluation.score;
  found.value = value_of(found, run_.config, evaluation.outputs, data_.references);
  found.fields = {{"valid_loss", found.loss},
                  {"valid_sequence_error_rate", score.sequence_error_rate},
                  {"valid_token_error_rate", score.token_error_rate}};
  found.text = fmt::format("valid loss {:.4f}  sequence errors {:.2f} %  token errors {:.2f} %", found.loss,
                           100 * score.sequence_error_rate, 100 * score.token_error_rate);
  const BestBy by = run_.config.train.best_by;
  if (by == BestBy::bleu || by == BestBy::chrf) {
    const bool bleu = by == BestBy::bleu;
    found.fields.emplace_back(bleu ? "valid_bleu" : "valid_chrf", found.value);
    found.text += fmt::format("  {} {:.2f}", bleu ? "BLEU" : "chrF", found.value);
  }
  return found;
}

void PairTask::identify(Position& position) const {
  position.training_pairs = training_fingerprint(data_);
  position.validation_pairs = validation_fingerprint(data_);
  position.vocabularies = fingerprint(data_.source, data_.target);
}

void PairTask::check_files(const RunDirectory& directory) const {
  check_vocabulary(directory.source_vocabulary(), directory.read_source_vocabulary(run_.config), data_.source);
  check_vocabulary(directory.target_vocabulary(), directory.read_target_vocabulary(run_.config), data_.target);
}

void PairTask::check_vocabulary(const std::filesystem::path& file, const data::Vocabulary& found,
                                const data::Vocabulary& own) const {
  if (found == own) return;
  throw Error(fmt::format("{}: it is not the vocabulary of {}; restore the old file, or train a new run", file.string(),
                          training_origin(run_.config.data)));
}

}  // namespace gradus::train
