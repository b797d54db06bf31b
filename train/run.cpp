#include <gradus/train/run.h>

#include <fmt/format.h>

#include <gradus/models/registry.h>
#include <gradus/nn/internal/registration_check.h>
#include <gradus/train/checkpoint.h>
#include <gradus/train/dataset.h>
#include <gradus/train/images.h>
#include <gradus/train/internal/frozen.h>
#include <gradus/train/internal/recorded_settings.h>
#include <gradus/train/internal/target_of_source.h>

namespace gradus::train {

Run make_run(const RunConfig& config, const data::Vocabulary& source, const data::Vocabulary& target) {
  Run run{config, source, target, nullptr, nullptr, nullptr};
  run.config.model.source_vocab = source.size();
  run.config.model.target_vocab = target.size();
  if (config.model.copy) run.config.model.target_of_source = target_of_source(source, target);
  run.store = std::make_unique<nn::ParameterStore>(static_cast<std::uint64_t>(config.train.seed));
  if (reads_images(config))
    run.classifier = std::make_unique<models::ImageClassifier>(run.store->root(), config.model, config.image);
  else
    run.model = models::make_model(run.store->root(), run.config.model);
  freeze(*run.store, config.train.freeze);
  return run;
}

namespace {

// Ends the making of a model that is far larger than its checkpoint, before there is no memory left. A smaller
// difference is reported by parameter.
nn::RegistrationCheck limit_of(const files::Safetensors& checkpoint, const std::string& name) {
  Index saved = 0;
  for (const files::NamedTensor& t : checkpoint.tensors) saved += t.tensor.numel();
  return nn::RegistrationCheck([=, count = Index{0}](const std::string& path, const Shape& shape) mutable {
    count += shape.numel();
    if (count <= 2 * saved) return;
    throw Error(
        fmt::format("{}: the model of config.toml has more than twice its {} values, with {} of shape {}: restore "
                    "the settings of its training",
                    name, saved, path, to_string(shape)));
  });
}

void check_kind(const RunConfig& config, Reads reads, const std::filesystem::path& path) {
  if (reads == Reads::both || reads_images(config) == (reads == Reads::images)) return;
  throw Error(fmt::format("{}: its model is {}, {}", path.string(), config.model.model,
                          reads == Reads::images
                              ? "which writes sequences; decode gives its outputs"
                              : "which classifies images; eval measures it, and classify gives the classes of images"));
}

}  // namespace

Run load_run(const RunDirectory& directory, Which which, Reads reads) {
  check_kind(read_config(directory.config()), reads, directory.path());
  const std::filesystem::path file = which == Which::best ? directory.best() : directory.last();
  if (!std::filesystem::exists(file)) {
    throw Error(fmt::format("{} has no {}: was training stopped before its first validation?",
                            directory.path().string(), file.filename().string()));
  }
  return load_run(directory, file);
}

Run load_run(const RunDirectory& directory, const std::filesystem::path& file) {
  const RunConfig config = read_config(directory.config());
  data::Vocabulary source, target;
  if (!reads_images(config)) {
    source = directory.read_source_vocabulary(config);
    target = directory.read_target_vocabulary(config);
  }
  const files::Safetensors checkpoint = read_checkpoint(file);
  check_meaning(changed_settings(checkpoint.metadata, config), file.string());
  const nn::RegistrationCheck sizes = limit_of(checkpoint, file.string());
  Run run = make_run(config, source, target);
  const Position position = unpack(checkpoint, file.string(), *run.store);
  if (position.vocabularies != 0 && position.vocabularies != fingerprint(run.source, run.target)) {
    throw Error(fmt::format("{}: it was trained with other vocabularies than those in {} and {}; restore the old ones",
                            file.string(), directory.source_vocabulary().string(),
                            directory.target_vocabulary().string()));
  }
  return run;
}

}  // namespace gradus::train
