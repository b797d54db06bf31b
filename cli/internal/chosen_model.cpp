#include <gradus/cli/internal/chosen_model.h>

#include <fmt/format.h>

#include <algorithm>

#include <gradus/bench/step.h>
#include <gradus/train/run_directory.h>

namespace gradus::cli {
namespace {

constexpr const char* default_task = "reverse";

train::RunConfig config_of(const ChosenModel& f) {
  try {
    if (f.run.empty()) {
      train::ConfigSources sources = sources_of(f.config);
      const train::DataConfig data = train::overlay({}, sources).data;
      if (data.task.empty() && data.train.empty()) sources.assignments.emplace_back("data.task", default_task);
      return train::resolve(sources);
    }
  } catch (const train::ConfigError& e) {
    throw UsageError(e.what());
  }
  const ConfigFlags& c = f.config;
  if (!c.preset.empty() || !c.from.empty() || !c.config.empty() || !c.sets.empty() || !c.settings.empty())
    throw UsageError("--run: the settings are those of the run; leave the other settings out");
  return train::read_config(train::RunDirectory::open(f.run).config());
}

}  // namespace

void add_model_flags(CLI::App& command, ChosenModel& flags) {
  command.add_option("--run", flags.run, "The settings of a run, in place of others")
      ->check(not_empty())
      ->type_name("DIR");
  add_config_flags(command, flags.config);
  CLI::Option* const task = command.get_option("--task");
  task->description(fmt::format("{} (default: {})", task->get_description(), default_task));
}

LoadedModel load_model(const ChosenModel& flags, train::Progress& progress, Index source, Index target) {
  LoadedModel loaded;
  loaded.dataset = train::load_dataset(config_of(flags), [&](const std::string& note) { progress.line(note); });
  train::RunConfig& config = loaded.dataset.config;
  config.model.max_length = std::max({config.model.max_length, source, target});
  loaded.run = train::make_run(config, loaded.dataset.source, loaded.dataset.target);
  return loaded;
}

data::Batch random_batch(const train::Run& run, Index source, Index target) {
  const bench::StepSetup setup{.model = run.config.model.model,
                               .size = "",
                               .run = run.config,
                               .vocabulary = std::min(run.source.size(), run.target.size())};
  return bench::draw_batch(setup, source, target, 0);
}

}  // namespace gradus::cli
