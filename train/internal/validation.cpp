#include <gradus/train/internal/validation.h>

#include <fmt/format.h>

#include <cmath>

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
      return text_score(data::bleu, config, outputs, sets);
    case BestBy::chrf:
      return text_score(data::chrf, config, outputs, sets);
  }
  throw Error("train.best_by has no such value");
}

}  // namespace

Validation validate(const Run& run, const Dataset& dataset, const std::function<bool()>& stop) {
  Validation found;
  found.loss = mean_loss(*run.model, dataset.valid, stop);
  if (!std::isfinite(found.loss)) throw models::NanScores(fmt::format("the validation loss is {}", found.loss));
  const Evaluation evaluation = evaluate(*run.model, dataset.source, dataset.target, dataset.references,
                                         {.max_length = run.config.decode.max_length, .stop = stop});
  found.score = evaluation.score;
  found.value = value_of(found, run.config, evaluation.outputs, dataset.references);
  return found;
}

}  // namespace gradus::train
