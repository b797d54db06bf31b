#include <gradus/cli/internal/config_flags.h>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string_view>

#include <gradus/data/image_tasks.h>
#include <gradus/train/internal/presets.h>
#include <gradus/train/run_directory.h>

namespace gradus::cli {
namespace {

using namespace gradus::train;

// A flag for the length of training sets the other lengths to 0, if they are not set too.
constexpr std::string_view lengths[] = {"train.epochs", "train.steps", "train.min_steps"};

void assign(ConfigFlags& flags, const Setting& setting, const std::string& text) {
  try {
    RunConfig probe;
    setting.set(probe, setting.parse(text));
  } catch (const ConfigError& e) {
    throw UsageError(fmt::format("{}: {}", setting.flag, e.what()));
  }
  flags.settings.emplace_back(setting.key, text);
  if (std::find(std::begin(lengths), std::end(lengths), setting.key) == std::end(lengths)) return;
  for (const std::string_view length : lengths)
    if (length != setting.key) flags.implied.emplace_back(length, "0");
}

// "Size of a batch". A help that begins with a name stays: "tsv: lines ...".
std::string help_of(const Setting& setting) {
  std::string help = setting.help;
  if (help.find(' ') < help.find(':') || help.find(':') == std::string::npos)
    help.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(help.front())));
  return setting.names ? fmt::format("{} ({})", help, setting.allowed()) : help;
}

// As CLI11 writes the type of an option with a list of values.
std::string type_of(const std::string& placeholder, const std::vector<std::string>& choices) {
  return fmt::format("{}:{{{}}}", placeholder, fmt::join(choices, ","));
}

std::string group_of(const Setting& setting) {
  if (setting.key.starts_with("model.")) return "Model";
  return setting.key.starts_with("data.") ? "Data" : "Training";
}

void add_flag(CLI::App& command, ConfigFlags& flags, const Setting& setting) {
  const bool is_switch = std::holds_alternative<bool>(setting.get({}));
  CLI::Option* option =
      is_switch ? command.add_flag_callback(
                      setting.flag, [&flags, &setting] { assign(flags, setting, "true"); }, help_of(setting))
                : command
                      .add_option_function<std::string>(
                          setting.flag, [&flags, &setting](const std::string& text) { assign(flags, setting, text); },
                          help_of(setting))
                      ->type_name(setting.names ? type_of(setting.placeholder, setting.names()) : setting.placeholder);
  option->group(group_of(setting));
}

}  // namespace

void add_config_flags(CLI::App& command, ConfigFlags& flags) {
  for (const Setting& setting : settings())
    if (!setting.flag.empty()) add_flag(command, flags, setting);
  for (const char* file : {"--train", "--valid", "--train-target", "--valid-target", "--labels", "--valid-labels"})
    command.get_option("--task")->excludes(command.get_option(file));
  command.get_option("--task")->type_name(type_of("NAME", data::all_task_names()));
  command.get_option("--steps")->excludes(command.get_option("--epochs"));

  command
      .add_option(
          "--preset", flags.preset,
          fmt::format("Sizes and length of training: one of {} (default: tiny)", fmt::join(preset_names(), ", ")))
      ->check(not_empty())
      ->type_name(type_of("NAME", preset_names()))
      ->group("Settings");
  command
      .add_option("--from", flags.from,
                  "Start with the parameters of a run, its model and its vocabularies, or with those of a safetensors "
                  "file; ignored when --resume continues a run")
      ->check(not_empty())
      ->type_name("DIR")
      ->group("Settings");
  command.add_option("--config", flags.config, "Settings as TOML; they override the preset")
      ->check(not_empty())
      ->type_name("FILE")
      ->group("Settings");
  command
      .add_option("--set", flags.sets,
                  "Any setting, which overrides the file; may be repeated (--help-settings lists them)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->group("Settings");
  command
      .add_flag_callback(
          "--help-settings",
          [] {
            const RunConfig defaults;
            for (const Setting& s : settings()) {
              print_result("{:<24} {:<16} {} ({})\n", s.key, train::to_toml(s.get(defaults)), s.help, s.allowed());
            }
            throw CLI::Success();
          },
          "List the keys of --set and --config with their meanings, then exit")
      ->group("Settings");
}

bool starts_from_run(const ConfigFlags& flags) {
  return !flags.from.empty() && !std::filesystem::is_regular_file(flags.from);
}

ConfigSources sources_of(const ConfigFlags& flags) {
  ConfigSources sources{.preset = flags.preset, .file = {}, .assignments = {}};
  if (starts_from_run(flags)) sources.run = RunDirectory::open(flags.from).config();
  if (!flags.config.empty()) sources.file = flags.config;
  sources.assignments = flags.implied;
  for (const std::string& set : flags.sets) sources.assignments.push_back(split_assignment(set));
  sources.assignments.insert(sources.assignments.end(), flags.settings.begin(), flags.settings.end());
  return sources;
}

}  // namespace gradus::cli
