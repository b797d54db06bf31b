#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gradus/train/run_config.h>

namespace gradus::train {

/// The settings that affect the result of a run, by key, in TOML's notation. A checkpoint has them in its metadata.
/// Names of files are not among them, nor are the settings of saving and reporting.
std::map<std::string, std::string> recorded_settings(const RunConfig& config);

/// A setting that differs between a checkpoint and a configuration.
struct SettingChange {
  std::string key;
  std::string before, now;  // in TOML's notation
};

/// The settings recorded in the metadata of a checkpoint whose value in the configuration is another, in the order of
/// the settings. Settings that the metadata lack do not count.
std::vector<SettingChange> changed_settings(const std::map<std::string, std::string>& metadata,
                                            const RunConfig& config);

/// The recorded values that have another name now (present_name), by key.
std::vector<SettingChange> renamed_settings(const std::map<std::string, std::string>& metadata);

/// Whether the parameters and the vocabularies have another meaning under another value of the setting.
bool has_meaning(std::string_view key);

/// "train.lr = 0.001, was 0.002"
std::string text_of(const SettingChange& change);

/// Throws Error when the parameters of the checkpoint `name` mean something else under a changed setting: one of the
/// model other than dropouts and the number of positions, or one that determines how text becomes tokens.
void check_meaning(const std::vector<SettingChange>& changes, const std::string& name);

}  // namespace gradus::train
