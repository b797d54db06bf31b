#pragma once

#include <string>
#include <vector>

#include <gradus/data/batches.h>
#include <gradus/data/corpus.h>
#include <gradus/data/sub_words.h>
#include <gradus/models/image_classifier.h>
#include <gradus/models/options.h>

namespace gradus::train {

enum class DataFormat { automatic, tsv, csv, jsonl, dictionary };
enum class TokensOf { automatic, characters, graphemes, whitespace, sentencepiece };
enum class BestBy { sequence_error_rate, token_error_rate, loss, bleu, chrf, accuracy };

constexpr bool higher_is_better(BestBy by) {
  return by == BestBy::bleu || by == BestBy::chrf || by == BestBy::accuracy;
}

/// The pairs of a run, and how text becomes tokens. Pairs come from a toy task or from files.
struct DataConfig {
  std::string task;
  std::string train, valid;
  std::string train_target, valid_target;  // targets of the sources in the files above; empty: those hold pairs
  std::string labels, valid_labels;        // of the images in the files above (vit)
  std::string class_names;                 // in the order of the labels, separated by commas (vit)
  DataFormat format = DataFormat::automatic;
  std::string columns;  // as data::parse_columns reads it
  TokensOf source_tokens = TokensOf::automatic;
  TokensOf target_tokens = TokensOf::automatic;
  data::UnicodeForm unicode = data::UnicodeForm::nfc;
  bool lowercase = false;
  data::SubWordModel subword_model = data::SubWordModel::unigram;
  Index subword_size = 4000;
  bool stress = false;
  data::OnBadLine on_bad_line = data::OnBadLine::skip;
  Index max_tokens = 0;
  Index min_count = 1;
  Index max_vocabulary = 0;
  bool keep_vocabularies = false;
  double held_out = 0.05;
  Index pairs = 20000;
  Index valid_pairs = 1000;
  Index min_length = 1;
  Index max_length = 0;
};

/// The largest train.shards * train.accumulate: each part of a batch has its own random numbers.
inline constexpr Index most_parts = 1024;

struct TrainConfig {
  Index seed = 1;
  Index epochs = 10;
  Index steps = 0;
  Index min_steps = 0;
  Index batch = 64;
  data::BatchBy batch_by = data::BatchBy::sentences;
  Index shards = 2;
  Index accumulate = 1;
  std::string optimizer = "adam";  // one of optimizer_names()
  double lr = 0.002;
  double momentum = 0;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double alpha = 0.99;
  bool centered = false;
  double epsilon = 1e-8;
  double weight_decay = 0;
  double clip = 1;
  double average = 0;
  std::string schedule = "constant";  // one of schedule_names()
  Index warmup = 0;
  double warmup_factor = 0;
  double decay = 0.5;
  Index decay_every = 1000;
  std::vector<Index> milestones = {};
  Index cycle_growth = 1;
  double power = 1;
  double pct_start = 0.3;
  double div_factor = 25;
  double final_div_factor = 1e4;
  double min_lr = 0;
  double label_smoothing = 0;
  double scheduled_sampling = 0;
  double r_drop = 0;
  Index crop = 0;  // of training images, as data::ImageChanges (vit)
  bool flip = false;
  Index evaluate_every = 0;
  BestBy best_by = BestBy::sequence_error_rate;
  Index patience = 0;
  Index save_every = 500;
  Index keep = 0;
  Index keep_best = 0;
  Index log_every = 50;
  bool detect_nan = false;
  std::string freeze = {};  // paths and patterns, separated by commas
};

struct DecodeConfig {
  Index max_length = 0;
  Index beam = 1;
  double length_penalty = 1;
  double coverage_penalty = 0;
};

/// Everything that determines the result of a run. `gradus train --help-settings` describes each field.
struct RunConfig {
  models::Seq2SeqOptions model;  // load_dataset sets the sizes of the vocabularies
  models::ImageOptions image;    // of a model of images; load_dataset sets what depends on the images
  DataConfig data;
  TrainConfig train;
  DecodeConfig decode;
};

}  // namespace gradus::train
