#include <array>
#include <limits>

#include <gradus/models/registry.h>
#include <gradus/train/config.h>

namespace gradus::train {
namespace {

using namespace make;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr Index million = 1'000'000;

std::vector<std::pair<std::string, std::string>> model_choices() {
  std::vector<std::pair<std::string, std::string>> choices;
  for (const std::string& name : models::model_names()) choices.emplace_back(name, name);
  return choices;
}

// Names in the order of an enum's values.
template <class Enum, std::size_t n>
std::vector<std::pair<std::string, Enum>> values_of(const std::array<std::string_view, n>& names) {
  std::vector<std::pair<std::string, Enum>> choices;
  for (std::size_t i = 0; i < n; ++i) choices.emplace_back(names[i], static_cast<Enum>(i));
  return choices;
}

std::vector<Setting> model_settings() {
  return {
      choice<std::string>(
          "model.name", [](auto& c) -> auto& { return c.model.model; }, model_choices(), "which of the four models"),
      whole(
          "model.dim", [](auto& c) -> auto& { return c.model.dim; }, 1, 65536,
          "numbers in an embedding, and in each layer of attention and transformer"),
      whole(
          "model.hidden", [](auto& c) -> auto& { return c.model.hidden; }, 1, 65536,
          "numbers in a recurrent state (rnn, rnn-attention)"),
      whole(
          "model.encoder_layers", [](auto& c) -> auto& { return c.model.encoder_layers; }, 1, 128,
          "layers of the encoder (all but attention)"),
      whole(
          "model.decoder_layers", [](auto& c) -> auto& { return c.model.decoder_layers; }, 1, 128,
          "layers of the decoder (all but attention)"),
      choice<nn::CellKind>(
          "model.cell", [](auto& c) -> auto& { return c.model.cell; }, values_of<nn::CellKind>(models::cell_names),
          "recurrent cell (rnn, rnn-attention)"),
      flag(
          "model.bidirectional", [](auto& c) -> auto& { return c.model.bidirectional; },
          "the encoder reads both ways (rnn, rnn-attention)"),
      choice<models::Alignment>(
          "model.alignment", [](auto& c) -> auto& { return c.model.alignment; },
          values_of<models::Alignment>(models::alignment_names),
          "scores of rnn-attention: a small network, or queries and keys"),
      choice<models::Positions>(
          "model.positions", [](auto& c) -> auto& { return c.model.positions; },
          values_of<models::Positions>(models::positions_names), "what attention and transformer know of order"),
      whole(
          "model.max_length", [](auto& c) -> auto& { return c.model.max_length; }, 2, million,
          "positions there are: the longest source and target with their end mark (attention, transformer)"),
      whole(
          "model.heads", [](auto& c) -> auto& { return c.model.heads; }, 1, 1024,
          "attention heads, a divisor of model.dim (transformer)"),
      whole(
          "model.ffn", [](auto& c) -> auto& { return c.model.ffn; }, 0, 65536,
          "width of the feed-forward sublayers, 0 for none (transformer)"),
      flag(
          "model.residual", [](auto& c) -> auto& { return c.model.residual; }, "residual connections (transformer)"),
      choice<nn::NormOrder>(
          "model.norm", [](auto& c) -> auto& { return c.model.norm; }, values_of<nn::NormOrder>(models::norm_names),
          "layer norm before or after each sublayer (transformer)"),
      number(
          "model.dropout", [](auto& c) -> auto& { return c.model.dropout; }, 0, 0.95, false,
          "share of activations zeroed in training"),
      flag(
          "model.tied", [](auto& c) -> auto& { return c.model.tied; },
          "the output layer's weight is the target embedding"),
  };
}

std::vector<Setting> data_settings() {
  const std::vector<std::pair<std::string, TokensOf>> tokens = {
      {"auto", TokensOf::automatic}, {"characters", TokensOf::characters}, {"whitespace", TokensOf::whitespace}};
  return {
      text(
          "data.task", [](auto& c) -> auto& { return c.data.task; },
          "toy task: copy, reverse, sort, add or dates; empty: read data.train"),
      text(
          "data.train", [](auto& c) -> auto& { return c.data.train; }, "file of training pairs"),
      text(
          "data.valid", [](auto& c) -> auto& { return c.data.valid; },
          "file of validation pairs; empty: hold out some of the training pairs"),
      text(
          "data.train_target", [](auto& c) -> auto& { return c.data.train_target; },
          "file of the training targets, line by line beside the sources in data.train; empty: it holds pairs"),
      text(
          "data.valid_target", [](auto& c) -> auto& { return c.data.valid_target; },
          "file of the validation targets beside the sources in data.valid"),
      choice<DataFormat>(
          "data.format", [](auto& c) -> auto& { return c.data.format; },
          {{"tsv", DataFormat::tsv}, {"dictionary", DataFormat::dictionary}},
          "source<TAB>target lines (or each side in a file), or a pronouncing dictionary like CMU's"),
      choice<TokensOf>(
          "data.source_tokens", [](auto& c) -> auto& { return c.data.source_tokens; }, tokens,
          "what a source is cut into; auto: characters"),
      choice<TokensOf>(
          "data.target_tokens", [](auto& c) -> auto& { return c.data.target_tokens; }, tokens,
          "what a target is cut into; auto: whitespace for files, characters for tasks"),
      flag(
          "data.lowercase", [](auto& c) -> auto& { return c.data.lowercase; }, "make both sides lower case (tsv)"),
      flag(
          "data.stress", [](auto& c) -> auto& { return c.data.stress; },
          "keep the stress digits of vowels (dictionary)"),
      choice<data::OnBadLine>(
          "data.on_bad_line", [](auto& c) -> auto& { return c.data.on_bad_line; },
          {{"skip", data::OnBadLine::skip}, {"stop", data::OnBadLine::stop}},
          "leave out and count a line that cannot be read, or stop"),
      whole(
          "data.min_count", [](auto& c) -> auto& { return c.data.min_count; }, 1, million * 1000,
          "tokens seen less often in training are unknown"),
      whole(
          "data.max_vocabulary", [](auto& c) -> auto& { return c.data.max_vocabulary; }, 0, million * 100,
          "most tokens a vocabulary may hold; 0: no limit"),
      number(
          "data.held_out", [](auto& c) -> auto& { return c.data.held_out; }, 0, 0.5, true,
          "share of the sources held out to validate on when data.valid is empty"),
      whole(
          "data.pairs", [](auto& c) -> auto& { return c.data.pairs; }, 1, million * 100,
          "training pairs to make (toy tasks)"),
      whole(
          "data.valid_pairs", [](auto& c) -> auto& { return c.data.valid_pairs; }, 1, million * 100,
          "validation pairs to make, and test pairs (toy tasks)"),
      whole(
          "data.min_length", [](auto& c) -> auto& { return c.data.min_length; }, 1, 1000,
          "shortest source to make (toy tasks)"),
      whole(
          "data.max_length", [](auto& c) -> auto& { return c.data.max_length; }, 0, 1000,
          "longest source to make (toy tasks); 0: the task's own"),
  };
}

std::vector<Setting> train_settings() {
  return {
      whole(
          "train.seed", [](auto& c) -> auto& { return c.train.seed; }, 0, std::numeric_limits<std::uint32_t>::max(),
          "seed of parameters, data order, dropout and toy tasks"),
      whole(
          "train.epochs", [](auto& c) -> auto& { return c.train.epochs; }, 0, million,
          "passes over the training pairs; 0: as many as train.steps takes"),
      whole(
          "train.steps", [](auto& c) -> auto& { return c.train.steps; }, 0, million * 1000,
          "steps at most; 0: as many as train.epochs takes"),
      whole(
          "train.batch", [](auto& c) -> auto& { return c.train.batch; }, 1, million, "size of a batch"),
      choice<data::BatchBy>(
          "train.batch_by", [](auto& c) -> auto& { return c.train.batch_by; },
          {{"sentences", data::BatchBy::sentences}, {"tokens", data::BatchBy::tokens}},
          "what train.batch counts: pairs, or tokens with padding"),
      whole(
          "train.shards", [](auto& c) -> auto& { return c.train.shards; }, 1, 1024,
          "parts of a batch that are worked on at once; decides rounding, so it is no matter of threads"),
      whole(
          "train.accumulate", [](auto& c) -> auto& { return c.train.accumulate; }, 1, 1024,
          "parts of a shard that are worked on one after another, for less memory"),
      choice<OptimizerKind>(
          "train.optimizer", [](auto& c) -> auto& { return c.train.optimizer; },
          {{"sgd", OptimizerKind::sgd},
           {"adam", OptimizerKind::adam},
           {"adamw", OptimizerKind::adamw},
           {"amsgrad", OptimizerKind::amsgrad}},
          "optimiser"),
      number(
          "train.lr", [](auto& c) -> auto& { return c.train.lr; }, 0, 100, true, "highest learning rate"),
      number(
          "train.momentum", [](auto& c) -> auto& { return c.train.momentum; }, 0, 0.9999, false, "momentum (sgd)"),
      number(
          "train.beta1", [](auto& c) -> auto& { return c.train.beta1; }, 0, 0.999999, false,
          "decay of the mean gradient (adam, adamw, amsgrad)"),
      number(
          "train.beta2", [](auto& c) -> auto& { return c.train.beta2; }, 0, 0.999999, false,
          "decay of the mean square (adam, adamw, amsgrad)"),
      number(
          "train.epsilon", [](auto& c) -> auto& { return c.train.epsilon; }, 0, 1, true,
          "added to the root of the mean square (adam, adamw, amsgrad)"),
      number(
          "train.weight_decay", [](auto& c) -> auto& { return c.train.weight_decay; }, 0, 10, false,
          "weight decay, as the optimiser defines it"),
      number(
          "train.clip", [](auto& c) -> auto& { return c.train.clip; }, 0, infinity, false,
          "longest gradient, in Euclidean norm; 0: no limit"),
      number(
          "train.average", [](auto& c) -> auto& { return c.train.average; }, 0, 0.999999, false,
          "decay of a moving average of the parameters (0.999, say), which validation, best.safetensors and decoding "
          "then use; 0: none"),
      choice<ScheduleKind>(
          "train.schedule", [](auto& c) -> auto& { return c.train.schedule; },
          {{"constant", ScheduleKind::constant},
           {"step", ScheduleKind::step},
           {"exponential", ScheduleKind::exponential},
           {"cosine", ScheduleKind::cosine},
           {"inverse_sqrt", ScheduleKind::inverse_sqrt},
           {"plateau", ScheduleKind::plateau}},
          "course of the learning rate after the warm-up; warm-up and inverse_sqrt together are Noam's"),
      whole(
          "train.warmup", [](auto& c) -> auto& { return c.train.warmup; }, 0, million * 100,
          "steps over which the learning rate rises to train.lr"),
      number(
          "train.decay", [](auto& c) -> auto& { return c.train.decay; }, 0, 1, true,
          "factor of the learning rate (step, exponential, plateau)"),
      whole(
          "train.decay_every", [](auto& c) -> auto& { return c.train.decay_every; }, 1, million * 100,
          "steps between two factors (step, exponential); evaluations without progress (plateau)"),
      number(
          "train.min_lr", [](auto& c) -> auto& { return c.train.min_lr; }, 0, 100, false,
          "lowest learning rate (cosine, plateau)"),
      number(
          "train.label_smoothing", [](auto& c) -> auto& { return c.train.label_smoothing; }, 0, 0.99, false,
          "share of the probability spread over all tokens in the training loss"),
      whole(
          "train.evaluate_every", [](auto& c) -> auto& { return c.train.evaluate_every; }, 0, million * 100,
          "steps between two validations; 0: after each epoch"),
      choice<BestBy>(
          "train.best_by", [](auto& c) -> auto& { return c.train.best_by; },
          {{"word_error_rate", BestBy::word_error_rate}, {"loss", BestBy::loss}},
          "which validation result makes a checkpoint the best"),
      whole(
          "train.patience", [](auto& c) -> auto& { return c.train.patience; }, 0, million,
          "validations without a new best after which training ends; 0: never"),
      whole(
          "train.save_every", [](auto& c) -> auto& { return c.train.save_every; }, 0, million * 100,
          "steps between two writings of last.safetensors, beside those after validations; 0: only those"),
      whole(
          "train.keep", [](auto& c) -> auto& { return c.train.keep; }, 0, million,
          "how many of the newest states to keep as step-NUMBER.safetensors, beside best and last"),
      whole(
          "train.log_every", [](auto& c) -> auto& { return c.train.log_every; }, 1, million,
          "steps between two lines of metrics"),
      flag(
          "train.detect_nan", [](auto& c) -> auto& { return c.train.detect_nan; },
          "check every value and gradient, and name the op that makes the first NaN or infinity"),
      whole(
          "decode.max_length", [](auto& c) -> auto& { return c.decode.max_length; }, 0, million,
          "longest output; 0: twice the longest training target, at most model.max_length"),
  };
}

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> all = [] {
    std::vector<Setting> list = model_settings();
    for (Setting& s : data_settings()) list.push_back(std::move(s));
    for (Setting& s : train_settings()) list.push_back(std::move(s));
    return list;
  }();
  return all;
}

}  // namespace gradus::train
