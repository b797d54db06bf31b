#include <gradus/train/internal/recorded_settings.h>

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include <gradus/files/internal/utf8.h>
#include <gradus/train/internal/renamed_values.h>
#include <gradus/train/settings.h>

namespace gradus::train {
namespace {

template <std::size_t n>
bool contains(const std::string_view (&keys)[n], std::string_view key) {
  return std::find(std::begin(keys), std::end(keys), key) != std::end(keys);
}

bool is_recorded(std::string_view key) {
  constexpr std::string_view others[] = {"data.train",        "data.valid",      "data.train_target",
                                         "data.valid_target", "data.labels",     "data.valid_labels",
                                         "train.save_every",  "train.keep",      "train.keep_best",
                                         "train.log_every",   "train.detect_nan"};
  return !contains(others, key);
}

// The value with its present name, in TOML's notation.
std::string renamed(std::string_view key, const std::string& value) {
  if (value.size() < 2 || value.front() != '"') return value;
  return fmt::format("\"{}\"", present_name(key, std::string_view(value).substr(1, value.size() - 2)));
}

}  // namespace

bool has_meaning(std::string_view key) {
  constexpr std::string_view others[] = {
      "model.dropout",    "model.word_dropout", "model.attention_dropout", "model.max_length", "data.task",
      "data.on_bad_line", "data.min_count",     "data.max_vocabulary",     "data.held_out",    "data.pairs",
      "data.valid_pairs", "data.min_length",    "data.max_length",         "data.max_tokens",  "data.class_names"};
  return (key.starts_with("model.") || key.starts_with("data.")) && !contains(others, key);
}

std::map<std::string, std::string> recorded_settings(const RunConfig& config) {
  std::map<std::string, std::string> values;
  for (const Setting& s : settings())
    if (is_recorded(s.key)) values[s.key] = to_toml(s.get(config));
  return values;
}

std::vector<SettingChange> changed_settings(const std::map<std::string, std::string>& metadata,
                                            const RunConfig& config) {
  std::vector<SettingChange> changes;
  for (const Setting& s : settings()) {
    const auto before = metadata.find(s.key);
    if (before == metadata.end() || !is_recorded(s.key)) continue;
    if (std::string now = to_toml(s.get(config)); now != renamed(s.key, before->second))
      changes.push_back({s.key, before->second, std::move(now)});
  }
  return changes;
}

std::vector<SettingChange> renamed_settings(const std::map<std::string, std::string>& metadata) {
  std::vector<SettingChange> changes;
  for (const auto& [key, before] : metadata)
    if (std::string now = renamed(key, before); now != before) changes.push_back({key, before, std::move(now)});
  return changes;
}

std::string text_of(const SettingChange& change) {
  return fmt::format("{} = {}, was {}", change.key, files::shown(change.now), files::shown(change.before));
}

void check_meaning(const std::vector<SettingChange>& changes, const std::string& name) {
  for (const SettingChange& change : changes) {
    if (!has_meaning(change.key)) continue;
    throw Error(fmt::format("{}: it was trained with {} = {}, config.toml has {}: restore the old value", name,
                            change.key, files::shown(change.before), files::shown(change.now)));
  }
}

}  // namespace gradus::train
