#pragma once

#include <string>
#include <vector>

#include <gradus/data/batches.h>
#include <gradus/data/corpus.h>
#include <gradus/data/sub_words.h>
#include <gradus/models/image_classifier.h>
#include <gradus/models/options.h>

namespace gradus::train {

/// The format of the files of pairs. `automatic`: csv or jsonl by the file's ending, else tsv.
enum class DataFormat { automatic, tsv, csv, jsonl, dictionary };
/// How a text is split. `automatic`: into characters, but targets of files at white space.
enum class TokensOf { automatic, characters, graphemes, whitespace, sentencepiece };
/// The result of a validation that chooses the best checkpoint.
enum class BestBy { sequence_error_rate, token_error_rate, loss, bleu, chrf, accuracy };

/// Whether more is better: of scores and accuracy, not of losses and error rates.
constexpr bool higher_is_better(BestBy by) {
  return by == BestBy::bleu || by == BestBy::chrf || by == BestBy::accuracy;
}

/// The pairs of a run, and how text becomes tokens. Pairs come from a toy task or from files.
struct DataConfig {
  std::string task;                              // one of data::all_task_names(); empty: the files below
  std::string train,                             ///< file of pairs, sources or images to train on
      valid;                                     ///< to validate on; empty: some of those for training are held out
  std::string train_target,                      ///< file of the targets of `train`; empty: `train` holds pairs
      valid_target;                              ///< file of the targets of `valid`; empty: `valid` holds pairs
  std::string labels,                            ///< file of the labels of `train` (vit)
      valid_labels;                              ///< file of the labels of `valid` (vit)
  std::string class_names;                       // in the order of the labels, separated by commas (vit)
  DataFormat format = DataFormat::automatic;     // of the files of pairs
  std::string columns;                           // as data::parse_columns reads it
  TokensOf source_tokens = TokensOf::automatic;  // how a source is split
  TokensOf target_tokens = TokensOf::automatic;  // how a target is split
  data::UnicodeForm unicode = data::UnicodeForm::nfc;              // of all text, in decode and eval too
  bool lowercase = false;                                          // both sides to lower case (all but dictionary)
  data::SubWordModel subword_model = data::SubWordModel::unigram;  // of sides that are split by sentencepiece
  Index subword_size = 4000;  // most entries of their vocabularies, with the four special ones
  bool stress = false;        // keep the stress digits of vowels (dictionary)
  data::OnBadLine on_bad_line = data::OnBadLine::skip;  // at a line that cannot be read
  Index max_tokens = 0;            // longer pairs of files are left out; 0: what the model's positions hold, or 1024
  Index min_count = 1;             // rarer tokens of the training pairs are unknown
  Index max_vocabulary = 0;        // most tokens in a vocabulary; 0: no limit
  bool keep_vocabularies = false;  // use the vocabularies of the run that training starts from
  double held_out = 0.05;          // share of the sources or images to validate on when `valid` is empty
  Index pairs = 0;                 // for training (toy tasks); 0: the number of the task
  Index valid_pairs = 1000;        // for validation, and for tests (toy tasks)
  Index min_length = 1;            // of a source (toy tasks)
  Index max_length = 0;            // of a source; 0: the task's own (toy tasks)
};

/// The numbers of matrix products: f32, or bf16 with sums in f32 (Bf16Products).
enum class Precision { f32, bf16 };

/// The largest train.shards * train.accumulate: each part of a batch has its own random numbers.
inline constexpr Index most_parts = 1024;

/// How a model is trained. In brackets: the optimisers, schedules or models that read a field.
struct TrainConfig {
  Index seed = 1;       // of parameters, data order, dropout and toy tasks
  Index epochs = 10;    // passes over the training pairs; 0: only `steps` counts
  Index steps = 0;      // at most; 0: only `epochs` counts
  Index min_steps = 0;  // at least: more epochs follow until these are done; 0: no minimum
  Index batch = 64;     // size of a batch, in the unit of `batch_by`
  data::BatchBy batch_by = data::BatchBy::sentences;  // pairs, or tokens with padding
  Index shards = 2;                                   // parts of a batch that are computed at the same time
  Index accumulate = 1;                               // parts of a shard, one after another, for less memory
  Precision precision = Precision::f32;               // of the matrix products in training steps
  std::string optimizer = "adam";                     // one of optimizer_names()
  double lr = 0.002;                                  // highest learning rate
  double momentum = 0;                                // 0: none (sgd, rmsprop)
  double beta1 = 0.9;                                 // decay of the mean gradient (adam, adamw, amsgrad, lion)
  double beta2 = 0.999;     // decay of the mean square (adam, adamw, amsgrad) or of the kept mean gradient (lion)
  double alpha = 0.99;      // decay of the mean square (rmsprop)
  bool centered = false;    // the mean gradient is subtracted in the mean square (rmsprop)
  double epsilon = 1e-8;    // added to the root of the mean square or sum of squares (all but sgd and lion)
  double weight_decay = 0;  // as the optimiser defines it
  double clip = 1;          // largest Euclidean norm of the gradient; 0: no limit
  double average = 0;       // decay of a moving average of the parameters, such as 0.999; 0: none
  std::string schedule = "constant";  // one of schedule_names()
  Index warmup = 0;                   // steps in which the learning rate rises to `lr`
  double warmup_factor = 0;           // first learning rate as a share of `lr`; 0: one part in `warmup`
  double decay = 0.5;                 // factor of the learning rate (step, multi_step, exponential, plateau)
  Index decay_every = 1000;  // steps per factor, or of the first cycle, or validations without progress (plateau)
  std::vector<Index> milestones = {};  // steps after which the factor is applied (multi_step)
  Index cycle_growth = 1;              // length of a cycle divided by that of the one before (cosine_restarts)
  double power = 1;                    // exponent (polynomial)
  double pct_start = 0.3;              // share of the steps in which the learning rate rises (one_cycle)
  double div_factor = 25;              // `lr` divided by the first learning rate (one_cycle)
  double final_div_factor = 1e4;       // first learning rate divided by the last (one_cycle)
  double min_lr = 0;                   // lowest learning rate (cosine, cosine_restarts, polynomial, plateau)
  double label_smoothing = 0;          // share of the probability that is spread over all tokens
  double scheduled_sampling = 0;       // share of predictions among the decoder's inputs; rises from 0 to this; 0: none
  double r_drop = 0;                   // weight of the divergence between two passes with other dropout; 0: one pass
  Index crop = 0;                      // of training images, as data::ImageChanges (vit)
  bool flip = false;                   // mirror half of the training images, at random (vit)
  Index evaluate_every = 0;            // steps between two validations; 0: one follows each epoch
  BestBy best_by = BestBy::sequence_error_rate;  // among equals the token error rate decides, then the loss
  Index patience = 0;       // training ends after so many validations without a new best; 0: never early
  Index save_every = 500;   // steps between two writes of the last state; 0: after validations only
  Index keep = 0;           // how many of the newest states to keep
  Index keep_best = 0;      // how many of the best validated models to keep
  Index log_every = 50;     // steps between two lines of metrics
  bool detect_nan = false;  // check every value, and name the op that makes the first NaN or infinity
  std::string freeze = {};  // paths and patterns, separated by commas
};

/// How outputs are searched for.
struct DecodeConfig {
  Index max_length = 0;         // tokens of an output; 0: twice the longest training target, at most model.max_length
  Index beam = 1;               // hypotheses in the beam of decode and eval; 1: greedy, as in validation
  double length_penalty = 1;    // log-probability over length to this power ranks outputs; 0: probability alone
  double coverage_penalty = 0;  // weight of source tokens that an output leaves out; 0: none (models with attention)
};

/// Everything that determines the result of a run. `gradus train --help-settings` describes each field.
struct RunConfig {
  models::Seq2SeqOptions model;  // load_dataset sets the sizes of the vocabularies
  models::ImageOptions image;    // of a model of images; load_dataset sets what depends on the images
  DataConfig data;               // keys that begin with "data."
  TrainConfig train;             // keys that begin with "train."
  DecodeConfig decode;           // keys that begin with "decode."
};

}  // namespace gradus::train
