#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gradus/data/batches.h>
#include <gradus/data/corpus.h>
#include <gradus/models/model_info.h>
#include <gradus/train/settings.h>

namespace gradus::train {

enum class DataFormat { tsv, dictionary };
enum class TokensOf { automatic, characters, whitespace };
enum class OptimizerKind { sgd, adam, adamw, amsgrad };
enum class ScheduleKind { constant, step, exponential, cosine, inverse_sqrt, plateau };
enum class BestBy { word_error_rate, loss };

/// Where pairs come from and how they become ids: a toy task, or a file.
struct DataConfig {
  std::string task;
  std::string train, valid;
  std::string train_target, valid_target;  // beside sources alone; empty: the files above hold pairs
  DataFormat format = DataFormat::tsv;
  TokensOf source_tokens = TokensOf::automatic;
  TokensOf target_tokens = TokensOf::automatic;
  bool lowercase = false;
  bool stress = false;
  data::OnBadLine on_bad_line = data::OnBadLine::skip;
  Index min_count = 1;
  Index max_vocabulary = 0;
  double held_out = 0.05;
  Index pairs = 20000;
  Index valid_pairs = 1000;
  Index min_length = 1;
  Index max_length = 0;
};

/// Parts of a batch that draw random numbers of their own: train.shards * train.accumulate at most.
inline constexpr Index most_parts = 1024;

struct TrainConfig {
  Index seed = 1;
  Index epochs = 10;
  Index steps = 0;
  Index batch = 64;
  data::BatchBy batch_by = data::BatchBy::sentences;
  Index shards = 2;
  Index accumulate = 1;
  OptimizerKind optimizer = OptimizerKind::adam;
  double lr = 0.002;
  double momentum = 0;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;
  double clip = 1;
  double average = 0;
  ScheduleKind schedule = ScheduleKind::constant;
  Index warmup = 0;
  double decay = 0.5;
  Index decay_every = 1000;
  double min_lr = 0;
  double label_smoothing = 0;
  Index evaluate_every = 0;
  BestBy best_by = BestBy::word_error_rate;
  Index patience = 0;
  Index save_every = 500;
  Index keep = 0;
  Index log_every = 50;
  bool detect_nan = false;
};

struct DecodeConfig {
  Index max_length = 0;
};

/// Everything that decides what a run computes. The vocabularies' sizes in `model` are filled in from the data.
struct RunConfig {
  models::Seq2SeqOptions model;
  DataConfig data;
  TrainConfig train;
  DecodeConfig decode;
};

/// All settings in the order in which a configuration file lists them.
const std::vector<Setting>& settings();
/// Throws ConfigError with the nearest keys when there is no such key.
const Setting& setting_named(std::string_view key);

using models::Assignments;

/// What a user asked for, from the weakest to the strongest: a preset, a TOML file, `key=value` assignments.
struct ConfigSources {
  std::string preset = {};  // tiny, small or base; empty: tiny
  std::optional<std::filesystem::path> file = {};
  Assignments assignments = {};
};

/// `base` with the sources laid over it, unchecked where settings contradict each other. Throws as `resolve` does.
RunConfig overlay(RunConfig base, const ConfigSources& sources);

/// The configuration that comes of the sources. Throws ConfigError on unknown keys and presets, on values that are not
/// allowed and on settings that contradict each other; Error when the file cannot be read or is not TOML.
RunConfig resolve(const ConfigSources& sources);

/// Splits "key=value" at the first '='; throws ConfigError when there is none.
std::pair<std::string, std::string> split_assignment(std::string_view text);

/// Throws ConfigError when settings contradict each other.
void check(const RunConfig& config);

/// The whole configuration as TOML, each key with its meaning; reading it again gives the same configuration.
std::string to_toml(const RunConfig& config);
/// A whole configuration from TOML; what it does not name stays as RunConfig has it. `name` stands for the text in
/// messages. Throws as resolve does.
RunConfig from_toml(std::string_view text, const std::string& name);
/// The same from a file.
RunConfig read_config(const std::filesystem::path& path);

}  // namespace gradus::train
