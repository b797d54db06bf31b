#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gradus/models/model_info.h>
#include <gradus/train/run_config.h>
#include <gradus/train/settings.h>

namespace gradus::train {

using models::Assignments;

/// The sources of a configuration. Assignments override the file, and the file overrides the preset.
struct ConfigSources {
  std::string preset = {};  // tiny, small or base; empty: tiny
  /// The config.toml of the run to start from. Its settings of the model and of tokens override the preset.
  std::optional<std::filesystem::path> run = {};
  std::optional<std::filesystem::path> file = {};  // in TOML: --config
  Assignments assignments = {};                    // of the command line: --set and flags
};

/// The source of each setting, by key: "preset small", "preset small of transformer", the name of the run's or the
/// given file or "command line". Settings without an entry have their defaults.
using Origins = std::map<std::string, std::string>;

/// `base` with the sources applied, without the checks of `check`. An empty preset changes nothing. Throws as `resolve`
/// does.
RunConfig overlay(RunConfig base, const ConfigSources& sources, Origins* origins = nullptr);

/// The configuration of the sources. Throws
///
/// - ConfigError on unknown keys and presets, on values out of range and on settings that contradict each other;
/// - Error when the file cannot be read.
RunConfig resolve(const ConfigSources& sources, Origins* origins = nullptr);

/// The same with the origins as comments, as TOML. Data need not be named.
std::string explain(const ConfigSources& sources);

/// Splits "key=value" at the first '='. Throws ConfigError when there is none.
std::pair<std::string, std::string> split_assignment(std::string_view text);

/// Throws ConfigError when a setting of training is out of its range, or settings contradict each other.
void check(const TrainConfig& config);

/// Throws ConfigError as check(TrainConfig) does, and when settings of other sections contradict each other.
void check(const RunConfig& config);

/// The whole configuration as TOML, with the help of each key. `from_toml` reads it back.
std::string to_toml(const RunConfig& config);
/// A configuration from TOML; keys that are not in the text have their defaults. data.unicode is then `none`, because
/// runs of versions without that setting were trained on text as it was. `name` is the name of the text in
/// messages. Throws as `resolve` does.
RunConfig from_toml(std::string_view text, const std::string& name);
/// The same from the file of a run, which is neither a link nor a pipe and has no other name.
RunConfig read_config(const std::filesystem::path& path);

}  // namespace gradus::train
