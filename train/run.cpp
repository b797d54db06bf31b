#include <gradus/train/run.h>

#include <fmt/format.h>

#include <gradus/models/registry.h>
#include <gradus/train/checkpoint.h>
#include <gradus/train/dataset.h>
#include <gradus/train/internal/frozen.h>
#include <gradus/train/internal/recorded_settings.h>

namespace gradus::train {

Run make_run(const RunConfig& config, const data::Vocabulary& source, const data::Vocabulary& target) {
  Run run{config, source, target, nullptr, nullptr};
  run.config.model.source_vocab = source.size();
  run.config.model.target_vocab = target.size();
  run.store = std::make_unique<nn::ParameterStore>(static_cast<std::uint64_t>(config.train.seed));
  run.model = models::make_model(run.store->root(), run.config.model);
  freeze(*run.store, config.train.freeze);
  return run;
}

Run load_run(const RunDirectory& directory, Which which) {
  const RunConfig config = read_config(directory.config());
  Run run = make_run(config, directory.read_source_vocabulary(config), directory.read_target_vocabulary(config));
  const std::filesystem::path file = which == Which::best ? directory.best() : directory.last();
  if (!std::filesystem::exists(file)) {
    throw Error(fmt::format("{} has no {}: was training stopped before its first validation?",
                            directory.path().string(), file.filename().string()));
  }
  const files::Safetensors checkpoint = files::read_safetensors(file);
  check_meaning(changed_settings(checkpoint.metadata, config), file.string());
  const Position position = unpack(checkpoint, file.string(), *run.store);
  if (position.vocabularies != 0 && position.vocabularies != fingerprint(run.source, run.target)) {
    throw Error(fmt::format("{}: it was trained with other vocabularies than those in {} and {}; restore the old ones",
                            file.string(), directory.source_vocabulary().string(),
                            directory.target_vocabulary().string()));
  }
  return run;
}

}  // namespace gradus::train
