#include <gradus/train/internal/validation.h>

#include <fmt/format.h>

#include <cmath>

#include <gradus/data/text_scores.h>

namespace gradus::train {
namespace {

// The value of a metric over texts.
template <class Metric>
double of_texts(const Metric& metric, const RunConfig& config, const std::vector<data::Tokens>& outputs,
                const std::vector<data::ReferenceSet>& sets) {
  const data::Tokenizer tokenizer = target_tokenizer(config);
  std::vector<std::string> texts;
  for (const data::Tokens& output : outputs) texts.push_back(join(output, tokenizer));
  std::vector<data::References> references;
  for (const data::ReferenceSet& set : sets) {
    data::References& own = references.emplace_back();
    for (const data::Tokens& reference : set.references) own.push_back(join(reference, tokenizer));
  }
  return metric(texts, references);
}

double value_of(const Validation& found, const RunConfig& config, const std::vector<data::Tokens>& outputs,
                const std::vector<data::ReferenceSet>& sets) {
  switch (config.train.best_by) {
    case BestBy::word_error_rate:
      return found.score.word_error_rate;
    case BestBy::token_error_rate:
      return found.score.token_error_rate;
    case BestBy::loss:
      return found.loss;
    case BestBy::bleu:
      return of_texts(data::bleu, config, outputs, sets);
    case BestBy::chrf:
      return of_texts(data::chrf, config, outputs, sets);
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
