#include <gradus/train/internal/presets.h>

#include <fmt/format.h>

#include <algorithm>

#include <gradus/files/internal/utf8.h>
#include <gradus/models/registry.h>
#include <gradus/train/internal/suggest.h>
#include <gradus/train/setting.h>

namespace gradus::train {
namespace {

struct Preset {
  std::string name;
  models::Assignments settings;
};

const Preset presets[] = {
    {"tiny",
     {{"model.dim", "64"},
      {"model.hidden", "128"},
      {"train.batch", "64"},
      {"train.lr", "0.002"},
      {"train.schedule", "cosine"},
      {"train.epochs", "15"},
      {"train.min_steps", "1000"}}},
    {"small",
     {{"model.dim", "128"},
      {"model.hidden", "256"},
      {"model.bidirectional", "true"},
      {"model.dropout", "0.3"},
      {"train.batch", "128"},
      {"train.lr", "0.001"},
      {"train.schedule", "cosine"},
      {"train.warmup", "400"},
      {"train.epochs", "15"},
      {"train.min_steps", "2000"}}},
    {"base",
     {{"model.dim", "256"},
      {"model.hidden", "512"},
      {"model.bidirectional", "true"},
      {"model.dropout", "0.3"},
      {"train.batch", "128"},
      {"train.lr", "0.001"},
      {"train.schedule", "cosine"},
      {"train.warmup", "800"},
      {"train.epochs", "30"},
      {"train.min_steps", "4000"}}},
};

}  // namespace

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const Preset& p : presets) names.push_back(p.name);
  return names;
}

models::Assignments preset_of(const std::string& name, const std::string& model) {
  const auto preset =
      std::find_if(std::begin(presets), std::end(presets), [&](const Preset& p) { return p.name == name; });
  if (preset == std::end(presets)) {
    throw ConfigError(fmt::format("there is no preset \"{}\": one of {}{}", files::shown(name),
                                  fmt::join(preset_names(), ", "), did_you_mean(name, preset_names())));
  }
  models::Assignments settings = preset->settings;
  const auto& of_model = models::model_info(model).presets;
  if (const auto more = of_model.find(name); more != of_model.end())
    settings.insert(settings.end(), more->second.begin(), more->second.end());
  return settings;
}

}  // namespace gradus::train
