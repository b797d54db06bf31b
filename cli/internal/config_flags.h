#pragma once

#include <string>
#include <vector>

#include <gradus/cli/internal/command.h>
#include <gradus/train/config.h>

namespace gradus::cli {

/// The flags that make a configuration: --preset, --from, --config, --set, and those of the table of settings.
struct ConfigFlags {
  std::string preset, from, config;
  std::vector<std::string> sets;
  train::Assignments implied;   // by flags, unless --set has another value
  train::Assignments settings;  // of their own flags
};

/// Adds them to a command. A refused value is reported with the name of its flag.
void add_config_flags(CLI::App& command, ConfigFlags& flags);

/// Whether --from names a run, not a file.
bool starts_from_run(const ConfigFlags& flags);

/// Flags override --set, which overrides the file. Throws ConfigError when a --set is not key=value, and Error when
/// --from names no run.
train::ConfigSources sources_of(const ConfigFlags& flags);

}  // namespace gradus::cli
