#include <gradus/train/config.h>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <gradus/data/image_tasks.h>
#include <gradus/data/toy_tasks.h>
#include <gradus/files/internal/regular_input.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/models/registry.h>
#include <gradus/train/internal/image_settings.h>
#include <gradus/train/internal/presets.h>
#include <gradus/train/internal/renamed_values.h>
#include <gradus/train/internal/suggest.h>
#include <gradus/train/internal/toml.h>

namespace gradus::train {
namespace {

// The result of `action`. A ConfigError from it gets the place as prefix.
template <class Action>
decltype(auto) with_place(const std::string& place, const Action& action) {
  try {
    return action();
  } catch (const ConfigError& e) {
    throw ConfigError(fmt::format("{}: {}", place, e.what()));
  }
}

std::vector<TomlEntry> read_entries(std::string_view text, const std::string& name) {
  return read_toml(text, name, [](const std::string& key) {
    return std::any_of(settings().begin(), settings().end(),
                       [&](const Setting& s) { return s.key.starts_with(key + "."); });
  });
}

void apply_entries(RunConfig& config, const std::vector<TomlEntry>& entries) {
  for (const TomlEntry& e : entries) {
    const Setting& setting = with_place(e.key_place, [&]() -> const Setting& { return setting_named(e.key); });
    with_place(e.value_place, [&] {
      if (!e.value)
        throw ConfigError(fmt::format("{} is a table, list or date, but must be {}", e.key, setting.allowed()));
      const std::string* text = std::get_if<std::string>(&*e.value);
      setting.set(config, text == nullptr ? *e.value : Value(std::string(present_name(e.key, *text))));
    });
  }
}

std::string read_text(std::istream& in, const std::string& name) {
  constexpr std::streamsize most = 1 << 20;
  std::string text(static_cast<std::size_t>(most) + 1, '\0');
  in.read(text.data(), most + 1);
  if (in.bad() || (!in && !in.eof())) throw Error(fmt::format("{}: cannot be read", name));
  if (in.gcount() > most) throw Error(fmt::format("{}: more than {} bytes, not a configuration", name, most));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

// The text of a file that the user named; it may be a pipe.
std::string read_text(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    throw Error(fmt::format("{}: a folder, not a configuration", path.string()));
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(fmt::format("{}: cannot be opened: {}", path.string(), std::strerror(errno)));
  return read_text(in, path.string());
}

void assign(RunConfig& config, const Assignments& assignments) {
  for (const auto& [key, value] : assignments) {
    const Setting& setting = setting_named(key);
    if (const std::string_view now = present_name(key, value); now != value) {
      throw ConfigError(fmt::format("{} = \"{}\" is not allowed: this value is now named {}; write {}={}", key, value,
                                    now, key, now));
    }
    setting.set(config, setting.parse(value));
  }
}

// Whether the parameters of a run can only be used with its value of this setting.
bool belongs_to_model(std::string_view key) {
  constexpr std::string_view tokens[] = {"data.source_tokens", "data.target_tokens", "data.unicode", "data.lowercase",
                                         "data.subword_model", "data.subword_size",  "data.stress"};
  return key.starts_with("model.") || std::find(std::begin(tokens), std::end(tokens), key) != std::end(tokens);
}

void keep_model(RunConfig& config, const RunConfig& run) {
  for (const Setting& s : settings())
    if (belongs_to_model(s.key)) s.set(config, s.get(run));
  config.data.keep_vocabularies = true;
}

ConfigSources with_default_preset(ConfigSources sources) {
  if (sources.preset.empty()) sources.preset = "tiny";
  return sources;
}

// Throws ConfigError when settings contradict each other.
void check_together(const RunConfig& config) {
  const DataConfig& d = config.data;
  const std::vector<std::string> tasks = data::all_task_names();
  if (!d.task.empty() && std::find(tasks.begin(), tasks.end(), d.task) == tasks.end()) {
    throw ConfigError(fmt::format("data.task = \"{}\" is not allowed: one of {}{}", files::shown(d.task),
                                  fmt::join(tasks, ", "), did_you_mean(d.task, tasks)));
  }
  if (!d.task.empty() && !(d.train.empty() && d.valid.empty() && d.train_target.empty() && d.valid_target.empty()))
    throw ConfigError("data.task and data.train (or another file of data) are both set: remove one of them");
  check_image_settings(config);
  const auto check_sources = [](const std::string& sources, const std::string& targets, const char* key) {
    if (sources.empty() && !targets.empty())
      throw ConfigError(fmt::format("{0}_target is set, {0} is not: it names the file of the sources", key));
  };
  check_sources(d.train, d.train_target, "data.train");
  check_sources(d.valid, d.valid_target, "data.valid");
  if (!d.train_target.empty() && d.format == DataFormat::dictionary)
    throw ConfigError("data.train_target is set and data.format is dictionary, whose lines hold both sides");
  const bool table = d.format == DataFormat::csv || d.format == DataFormat::jsonl;
  if (!d.train_target.empty() && (table || !d.columns.empty())) {
    throw ConfigError(fmt::format("data.train_target and {} are both set: a file of targets has no columns",
                                  table ? "data.format" : "data.columns"));
  }
  if (d.format == DataFormat::dictionary && !d.columns.empty())
    throw ConfigError("data.columns is set and data.format is dictionary, which has no columns to choose");
  if (!d.valid.empty() && d.train_target.empty() != d.valid_target.empty()) {
    throw ConfigError(fmt::format("data.{} is set, data.{} is not: both files hold pairs, or neither does",
                                  d.train_target.empty() ? "valid_target" : "train_target",
                                  d.train_target.empty() ? "train_target" : "valid_target"));
  }
  if (d.max_length != 0 && d.max_length < d.min_length)
    throw ConfigError(fmt::format("data.max_length = {} is below data.min_length = {}", d.max_length, d.min_length));
  if (!d.task.empty() && !data::is_image_task(d.task) && d.max_length == 0 &&
      data::longest_of_task(d.task) < d.min_length) {
    throw ConfigError(fmt::format("data.min_length = {} is above {}, the task {}'s own data.max_length: set that too",
                                  d.min_length, data::longest_of_task(d.task), d.task));
  }
  const std::optional<data::Columns> columns = data::parse_columns(d.columns);
  if (d.source_tokens == TokensOf::sentencepiece && columns && !columns->features.empty())
    throw ConfigError("data.source_tokens = sentencepiece and features (data.columns) exclude each other: remove one");
  if (d.max_vocabulary >= 1 && d.max_vocabulary <= 4) {
    throw ConfigError(fmt::format("data.max_vocabulary = {} has no room beside the four special tokens: 0 or from 5",
                                  d.max_vocabulary));
  }
  check(config.train);
  const models::Seq2SeqOptions& m = config.model;
  if (config.train.r_drop > 0 && std::max({m.dropout, m.word_dropout, m.attention_dropout}) == 0) {
    throw ConfigError(
        "train.r_drop compares two passes with different dropout, and there is none: set model.dropout, "
        "model.word_dropout or model.attention_dropout above 0");
  }
  try {
    models::Seq2SeqOptions with_words = config.model;
    with_words.source_vocab = with_words.target_vocab = data::unk_id + 1;
    models::check(with_words);
  } catch (const Error& e) {
    throw ConfigError(e.what());
  }
}

// The configuration as TOML, with a comment on each setting.
std::string write_toml(const RunConfig& config, const std::function<std::string(const Setting&)>& comment) {
  std::string text, section;
  for (const Setting& s : settings()) {
    const std::size_t dot = s.key.find('.');
    if (const std::string next = s.key.substr(0, dot); next != section) {
      text += fmt::format("{}[{}]\n", section.empty() ? "" : "\n", next);
      section = next;
    }
    const std::string line = fmt::format("{} = {}", s.key.substr(dot + 1), to_toml(s.get(config)));
    text += fmt::format("{:<32}  # {}\n", line, comment(s));
  }
  return text;
}

}  // namespace

std::pair<std::string, std::string> split_assignment(std::string_view text) {
  const std::size_t at = text.find('=');
  if (at == std::string_view::npos || at == 0)
    throw ConfigError(fmt::format("\"{}\" is not key=value, as in train.lr=0.001", files::shown(text)));
  return {std::string(text.substr(0, at)), std::string(text.substr(at + 1))};
}

RunConfig overlay(RunConfig base, const ConfigSources& sources, Origins* origins) {
  std::vector<TomlEntry> file;
  if (sources.file) file = read_entries(read_text(*sources.file), sources.file->string());
  std::optional<RunConfig> run;
  if (sources.run) run = read_config(*sources.run);
  const auto settle = [&](RunConfig config) {
    if (run) keep_model(config, *run);
    apply_entries(config, file);
    assign(config, sources.assignments);
    return config;
  };
  const auto note = [&](const std::string& key, const std::string& origin) {
    if (origins != nullptr) (*origins)[key] = origin;
  };
  if (!sources.preset.empty()) {
    const std::string model = settle(base).model.model;
    const Assignments preset = preset_of(sources.preset, model);
    assign(base, preset);
    for (const auto& [key, value] : preset) note(key, "preset " + sources.preset);
    const auto& of_model = models::model_info(model).presets;
    if (const auto own = of_model.find(sources.preset); own != of_model.end())
      for (const auto& [key, value] : own->second) note(key, fmt::format("preset {} of {}", sources.preset, model));
  }
  if (run) {
    for (const Setting& s : settings())
      if (belongs_to_model(s.key)) note(s.key, files::shown(sources.run->string()));
  }
  for (const TomlEntry& entry : file) note(entry.key, files::shown(sources.file->string()));
  for (const auto& [key, value] : sources.assignments) note(key, "command line");
  return settle(base);
}

RunConfig resolve(const ConfigSources& sources, Origins* origins) {
  const RunConfig config = overlay({}, with_default_preset(sources), origins);
  check(config);
  return config;
}

std::string explain(const ConfigSources& sources) {
  Origins origins;
  const RunConfig config = overlay({}, with_default_preset(sources), &origins);
  check_together(config);
  return write_toml(config, [&](const Setting& s) {
    const auto origin = origins.find(s.key);
    return origin == origins.end() ? std::string("default") : origin->second;
  });
}

void check(const TrainConfig& train) {
  RunConfig config;
  config.train = train;
  check_values(config, "train");
  if (train.epochs == 0 && train.steps == 0)
    throw ConfigError("train.epochs and train.steps are both 0: one of them must set the end");
  if (train.shards * train.accumulate > most_parts) {
    throw ConfigError(fmt::format("train.shards = {} times train.accumulate = {} is above {} parts of a batch",
                                  train.shards, train.accumulate, most_parts));
  }
  if (train.schedule == "multi_step" && train.milestones.empty())
    throw ConfigError("train.schedule = multi_step needs train.milestones, as in train.milestones=1000,2000");
  if (train.min_lr > train.lr)
    throw ConfigError(fmt::format("train.min_lr = {} is above train.lr = {}", train.min_lr, train.lr));
}

void check(const RunConfig& config) {
  if (config.data.task.empty() && config.data.train.empty())
    throw ConfigError("there is nothing to train on: name a toy task (data.task) or a file (data.train)");
  check_together(config);
}

std::string to_toml(const RunConfig& config) {
  return write_toml(config, [](const Setting& s) { return fmt::format("{} ({})", s.help, s.allowed()); });
}

RunConfig from_toml(std::string_view text, const std::string& name) {
  RunConfig config;
  config.data.unicode = data::UnicodeForm::none;
  apply_entries(config, read_entries(text, name));
  try {
    check(config);
  } catch (const ConfigError& e) {
    throw ConfigError(fmt::format("{}: {}", name, e.what()));
  }
  return config;
}

RunConfig read_config(const std::filesystem::path& path) {
  files::RegularInput in(path, files::Names::one);
  return from_toml(read_text(in, path.string()), path.string());
}

}  // namespace gradus::train
