#include <gradus/cli/internal/chosen_model.h>

#include <algorithm>

#include <gradus/bench/step.h>
#include <gradus/train/run_directory.h>

namespace gradus::cli {
namespace {

train::RunConfig config_of(const ChosenModel& f) {
  try {
    if (f.run.empty()) return train::resolve(sources_of(f.config));
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
