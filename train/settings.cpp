#include <gradus/train/settings.h>

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include <gradus/data/images.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/models/registry.h>
#include <gradus/train/internal/setting_kinds.h>
#include <gradus/train/internal/suggest.h>
#include <gradus/train/optimizers.h>

namespace gradus::train {
namespace {

using namespace kinds;
using M = models::Seq2SeqOptions;
using I = models::ImageOptions;
using D = DataConfig;
using T = TrainConfig;
namespace limits = models::limits;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr Index million = 1'000'000, largest_seed = std::numeric_limits<std::uint32_t>::max();

// A key with a flag behind it, "train.lr --lr", is an option of commands too.
std::vector<Setting> table() {
  return {
      name("model.name --model", &M::model, models::all_model_names, "which model"),
      whole("model.dim --dim", &M::dim, limits::width,
            "size of an embedding, and of each layer of attention and transformer"),
      whole("model.hidden --hidden", &M::hidden, limits::width, "size of a recurrent state (rnn, rnn-attention)"),
      whole("model.encoder_layers", &M::encoder_layers, limits::layers,
            "layers of the encoder (all but attention; those of vit)"),
      whole("model.decoder_layers", &M::decoder_layers, limits::layers, "layers of the decoder (all but attention)"),
      choice("model.cell --cell", &M::cell, models::cell_names, "recurrent cell (rnn, rnn-attention)"),
      flag("model.cell_norm", &M::cell_norm,
           "layer norm of W x and of W h in each cell, against unstable training (rnn, rnn-attention)"),
      flag("model.bidirectional", &M::bidirectional, "the encoder reads in both directions (rnn, rnn-attention)"),
      choice("model.alignment", &M::alignment, models::alignment_names,
             "scores of rnn-attention: a small network, queries and keys, products of states, products by a matrix, or "
             "the network with the weights of the step before"),
      flag("model.attentional", &M::attentional,
           "Luong's attentional vector goes to the output layer and, as input feeding, to the next step, in place of "
           "the context (rnn-attention)"),
      choice("model.positions", &M::positions, models::positions_names,
             "how attention and transformer represent the order of words: a vector per position, or in self-attention "
             "alone (transformer) rotary, relative or alibi, which hold for any length"),
      whole("model.max_distance", &M::max_distance, limits::max_distance,
            "positions further apart share a bias (relative positions of transformer)"),
      whole("model.max_length", &M::max_length, limits::max_length,
            "longest source and target, end marks included, if there are positions (attention, transformer)"),
      whole("model.heads", &M::heads, limits::heads, "attention heads, a divisor of model.dim (transformer, vit)"),
      whole("model.ffn", &M::ffn, limits::ffn, "width of the feed-forward sublayers; 0: none (transformer, vit)"),
      flag("model.residual", &M::residual, "residual connections (transformer)"),
      choice("model.norm", &M::norm, models::norm_names, "layer norm before or after each sublayer (transformer, vit)"),
      number("model.dropout --dropout", &M::dropout, limits::dropout, "share of activations set to zero in training"),
      number("model.word_dropout", &M::word_dropout, limits::dropout,
             "share of source and target tokens whose embeddings are set to zero in training"),
      number("model.attention_dropout", &M::attention_dropout, limits::dropout,
             "share of attention weights set to zero in training (transformer)"),
      flag("model.copy", &M::copy,
           "the output can copy source tokens that are target tokens too: a pointer-generator (rnn-attention, "
           "transformer)"),
      flag("model.tied", &M::tied, "the output layer's weight is the target embedding"),
      whole("model.patch", &I::patch, {1, 4096}, "side of a square patch of an image, in pixels (vit)"),
      choice("model.pooling", &I::pooling, models::pooling_names,
             "what is classified: a learned extra token, or the mean over patches (vit)"),
      whole("model.channels", &I::channels, {0, 4}, "channels of an image; 0: those of the training images (vit)"),
      whole("model.height", &I::height, {0, million}, "pixels; 0: those of the training images (vit)"),
      whole("model.width", &I::width, {0, million}, "pixels; 0: those of the training images (vit)"),
      whole("model.classes", &I::classes, {0, million},
            "classes; 0: those of data.class_names, of the task, or up to the largest label (vit)"),
      number_list("model.pixel_mean", &I::pixel_mean, {0, 1},
                  "number per channel that is subtracted from pixels of 0 to 1; empty: the mean of the training images "
                  "(vit)"),
      number_list("model.pixel_std", &I::pixel_std, {0, 1},
                  "number per channel by which they are then divided; empty: the standard deviation of the training "
                  "images (vit)"),

      text("data.task --task", &D::task,
           "toy task: copy, reverse, sort, add or dates; or fashion-mnist, images of Debian's package "
           "dataset-fashion-mnist (vit); empty: read data.train"),
      text("data.train --train", &D::train, "file of training pairs, or of images in the idx format (vit)", "FILE"),
      text("data.valid --valid", &D::valid,
           "file of validation pairs or images; empty: hold out some of those for training", "FILE"),
      text("data.train_target --train-target", &D::train_target,
           "file of training targets, one line per source in data.train; empty: data.train holds pairs", "FILE"),
      text("data.valid_target --valid-target", &D::valid_target,
           "file of validation targets, one line per source in data.valid", "FILE"),
      text("data.labels --labels", &D::labels, "file of the labels of the training images, in the idx format (vit)",
           "FILE"),
      text("data.valid_labels --valid-labels", &D::valid_labels, "file of the labels of the validation images (vit)",
           "FILE"),
      text("data.class_names", &D::class_names,
           "names of the classes in the order of their labels, separated by commas; empty: those of the task, or "
           "numbers "
           "(vit)"),
      choice("data.format --format", &D::format, {"auto", "tsv", "csv", "jsonl", "dictionary"},
             "tsv: lines source<TAB>target, or one file per side; csv: source,target with quotes; jsonl: a JSON object "
             "per line; dictionary: a pronouncing dictionary like CMU's; auto: csv or jsonl by the file's ending, else "
             "tsv"),
      text_of(
          "data.columns --columns", &D::columns,
          [](std::string_view text) { return data::parse_columns(text).has_value(); },
          "source=COLUMN,target=COLUMN,features=COLUMN or some of them; a COLUMN is a number from 1, a name in the "
          "first line, or a key of JSON",
          "columns of source, target and features; empty: the first two, or the keys source and target"),
      choice(
          "data.source_tokens --source-tokens", &D::source_tokens,
          {"auto", "characters", "graphemes", "whitespace", "sentencepiece"},
          "how a source is split: into code points, into grapheme clusters (letters with their marks), at whitespace, "
          "or into sub-words; auto: into characters"),
      choice("data.target_tokens --target-tokens", &D::target_tokens,
             {"auto", "characters", "graphemes", "whitespace", "sentencepiece"},
             "how a target is split; auto: at whitespace for files, into characters for tasks"),
      choice("data.subword_model", &D::subword_model, {"unigram", "bpe"},
             "how SentencePiece learns the sub-words of the training pairs (sentencepiece)"),
      whole("data.subword_size", &D::subword_size, {8, million},
            "most entries of a vocabulary of sub-words, with the four special ones (sentencepiece)"),
      choice("data.unicode", &D::unicode, {"none", "nfc", "nfd", "nfkc"},
             "Unicode normal form of all text, here and in decode and eval; none: as in the files"),
      flag("data.lowercase", &D::lowercase,
           "change both sides to lower case, by Unicode's full mappings (all but dictionary)"),
      flag("data.stress", &D::stress,
           "keep the stress digits of vowels; set to true by a dictionary with other digits, such as tones "
           "(dictionary)"),
      choice("data.on_bad_line", &D::on_bad_line, {"skip", "stop"},
             "what happens at an unreadable line: skip and count it, or stop"),
      whole("data.max_tokens", &D::max_tokens, {0, million},
            "pairs of files with a longer source or target are left out; 0: what the model's positions hold, or 1024"),
      whole("data.min_count", &D::min_count, {1, 1000 * million}, "rarer tokens of the training pairs are unknown"),
      whole("data.max_vocabulary", &D::max_vocabulary, {0, 100 * million}, "most tokens in a vocabulary; 0: no limit"),
      flag("data.keep_vocabularies", &D::keep_vocabularies,
           "use the vocabularies of the run that training starts from (--from), not those of the training pairs"),
      positive("data.held_out", &D::held_out, 0.5,
               "share of the sources or images to validate on when data.valid is empty"),
      whole("data.pairs", &D::pairs, {0, 100 * million}, "training pairs to make (toy tasks); 0: the task's own"),
      whole("data.valid_pairs", &D::valid_pairs, {1, 100 * million},
            "validation pairs to make, and test pairs (toy tasks)"),
      whole("data.min_length", &D::min_length, {1, 1000}, "shortest source to make (toy tasks)"),
      whole("data.max_length", &D::max_length, {0, 1000}, "longest source to make (toy tasks); 0: the task's own"),

      whole("train.seed --seed", &T::seed, {0, largest_seed}, "seed of parameters, data order, dropout and toy tasks"),
      whole("train.epochs --epochs", &T::epochs, {0, million},
            "passes over the training pairs; 0: only train.steps counts"),
      whole("train.steps --steps", &T::steps, {0, 1000 * million},
            "largest number of steps; 0: only train.epochs counts"),
      whole("train.min_steps", &T::min_steps, {0, 1000 * million},
            "least number of steps: with few pairs train.epochs is passed, with as many validations; 0: none"),
      whole("train.batch --batch", &T::batch, {1, million}, "size of a batch"),
      choice("train.batch_by", &T::batch_by, {"sentences", "tokens"},
             "what train.batch counts: pairs, or tokens with padding"),
      whole("train.shards", &T::shards, {1, most_parts},
            "parts of a batch computed at the same time; affects rounding, independent of the number of threads"),
      choice("train.precision", &T::precision, {"f32", "bf16"},
             "numbers of the matrix products in training steps: f32, or bf16 with sums in f32, which is faster on "
             "processors with AMX or AVX512_BF16; parameters, other ops, validation and decoding are f32"),
      whole("train.accumulate", &T::accumulate, {1, most_parts},
            "parts of a shard computed one after another, for less memory; affects rounding"),
      name("train.optimizer --optimizer", &T::optimizer, optimizer_names, "optimiser"),
      positive("train.lr --lr", &T::lr, 100, "highest learning rate"),
      number("train.momentum", &T::momentum, {0, 0.9999}, "momentum (sgd, rmsprop)"),
      number("train.beta1", &T::beta1, {0, 0.999999}, "decay of the mean gradient (adam, adamw, amsgrad, lion)"),
      number("train.beta2", &T::beta2, {0, 0.999999},
             "decay of the mean square (adam, adamw, amsgrad), or of the kept mean gradient (lion, whose paper uses "
             "0.99)"),
      number("train.alpha", &T::alpha, {0, 0.999999}, "decay of the mean square (rmsprop)"),
      flag("train.centered", &T::centered, "the mean gradient is subtracted in the mean square (rmsprop)"),
      positive("train.epsilon", &T::epsilon, 1,
               "added to the root of the mean square, or of the sum of squares (all but sgd and lion)"),
      number("train.weight_decay", &T::weight_decay, {0, 10}, "weight decay, as the optimiser defines it"),
      number("train.clip", &T::clip, {0, infinity}, "largest Euclidean norm of the gradient; 0: no limit"),
      number(
          "train.average", &T::average, {0, 0.999999},
          "decay of a moving average of the parameters, such as 0.999; validation, best.safetensors and decoding use "
          "the average; 0: none"),
      name("train.schedule --schedule", &T::schedule, schedule_names,
           "course of the learning rate after the warm-up; warm-up and inverse_sqrt together are Noam's"),
      whole("train.warmup --warmup", &T::warmup, {0, 100 * million},
            "steps in which the learning rate rises to train.lr"),
      number("train.warmup_factor", &T::warmup_factor, {0, 1},
             "first learning rate of the warm-up as a share of train.lr; 0: one part in train.warmup"),
      positive("train.decay", &T::decay, 1, "factor of the learning rate (step, multi_step, exponential, plateau)"),
      whole("train.decay_every", &T::decay_every, {1, 100 * million},
            "steps per factor (step, exponential), steps of the first cycle (cosine_restarts), or validations without "
            "progress (plateau)"),
      number("train.min_lr", &T::min_lr, {0, 100},
             "lowest learning rate (cosine, cosine_restarts, polynomial, plateau)"),
      whole_list("train.milestones", &T::milestones, {1, 1000 * million},
                 "steps after which the factor is applied (multi_step)"),
      whole("train.cycle_growth", &T::cycle_growth, {1, 1000},
            "each cycle is so many times as long as the one before (cosine_restarts)"),
      positive("train.power", &T::power, 100, "exponent (polynomial)"),
      number("train.pct_start", &T::pct_start, {0, 1},
             "share of the steps in which the learning rate rises (one_cycle)"),
      number("train.div_factor", &T::div_factor, {1, 1e12},
             "the first learning rate is train.lr divided by this (one_cycle)"),
      number("train.final_div_factor", &T::final_div_factor, {1, 1e12},
             "the last learning rate is the first divided by this (one_cycle)"),
      number("train.label_smoothing", &T::label_smoothing, {0, 0.99},
             "share of the probability spread over all tokens in the training loss"),
      number(
          "train.scheduled_sampling", &T::scheduled_sampling, {0, 1},
          "share of the decoder's inputs that are its own predictions; rises from 0 to this over the steps; 0: none, "
          "and no second pass"),
      number("train.r_drop", &T::r_drop, {0, 1000},
             "weight of the divergence between two passes with other dropout (R-Drop); 0: one pass"),
      whole("train.crop", &T::crop, {0, data::most_crop},
            "pixels by which a training image moves at most, at random, along each axis; black fills the rest (vit)"),
      flag("train.flip", &T::flip, "mirror half of the training images from left to right, at random (vit)"),
      whole("train.evaluate_every", &T::evaluate_every, {0, 100 * million},
            "steps between two validations; 0: validate after each epoch"),
      choice("train.best_by", &T::best_by,
             {"sequence_error_rate", "token_error_rate", "loss", "bleu", "chrf", "accuracy"},
             "validation result that chooses the best checkpoint; among equals the token error rate, then the loss"),
      whole("train.patience --patience", &T::patience, {0, million},
            "stop after so many validations without a new best; 0: never stop early"),
      whole("train.save_every", &T::save_every, {0, 100 * million},
            "steps between two writes of last.safetensors; 0: write it only after validations"),
      whole("train.keep", &T::keep, {0, million}, "how many of the newest states to keep as step-NUMBER.safetensors"),
      whole("train.keep_best", &T::keep_best, {0, million},
            "how many of the best validated models to keep as best-NUMBER.safetensors"),
      whole("train.log_every", &T::log_every, {1, million}, "steps between two lines of metrics"),
      text(
          "train.freeze --freeze", &T::freeze,
          "parameters that do not change: paths, which include those below them, or patterns such as *.bias, separated "
          "by commas",
          "PATH"),
      flag("train.detect_nan --detect-nan", &T::detect_nan,
           "check every value and gradient, and name the op that makes the first NaN or infinity"),

      whole("decode.max_length", &DecodeConfig::max_length, {0, million},
            "longest output; 0: twice the longest training target, at most model.max_length"),
      whole("decode.beam", &DecodeConfig::beam, {1, 1000},
            "hypotheses in the beam of decode and eval; 1: greedy, as in validation"),
      number("decode.length_penalty", &DecodeConfig::length_penalty, {0, 10},
             "outputs rank by log-probability / length to this power; 0: by probability, 1: by its mean per token"),
      number("decode.coverage_penalty", &DecodeConfig::coverage_penalty, {0, 10},
             "weight of the source tokens that an output leaves out (models with attention); 0: none"),
  };
}

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> all = table();
  return all;
}

void check_values(const RunConfig& config, std::string_view section) {
  RunConfig probe;
  for (const Setting& s : settings())
    if (s.key.starts_with(fmt::format("{}.", section))) s.set(probe, s.get(config));
}

const Setting& setting_named(std::string_view key) {
  const std::vector<Setting>& all = settings();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Setting& s) { return s.key == key; });
  if (found != all.end()) return *found;
  std::vector<std::string> keys;
  for (const Setting& s : all) keys.push_back(s.key);
  throw ConfigError(fmt::format("there is no setting \"{}\"{}", files::shown(key), did_you_mean(key, keys)));
}

}  // namespace gradus::train
