#include <gradus/train/start.h>

#include <fmt/format.h>

#include <algorithm>

#include <gradus/files/internal/utf8.h>
#include <gradus/files/safetensors.h>
#include <gradus/train/checkpoint.h>
#include <gradus/train/images.h>

namespace gradus::train {
namespace {

using Renamed = std::map<std::string, std::string>;

bool is_at_or_below(const std::string& name, const std::string& prefix) {
  return name == prefix || (name.starts_with(prefix) && name[prefix.size()] == '.');
}

// The name with its longest prefix in `rename` replaced.
std::string renamed(const std::string& name, const Renamed& rename) {
  const auto* longest = static_cast<const Renamed::value_type*>(nullptr);
  for (const auto& entry : rename)
    if (is_at_or_below(name, entry.first) && (longest == nullptr || entry.first.size() > longest->first.size()))
      longest = &entry;
  return longest == nullptr ? name : longest->second + name.substr(longest->first.size());
}

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t most = 20;
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < std::min(most, names.size()); ++i) shown.push_back(files::shown(names[i]));
  if (names.size() > most) shown.push_back(fmt::format("and {} more", names.size() - most));
  return fmt::format("{}", fmt::join(shown, ", "));
}

}  // namespace

Start start_of(const Run& run, const std::string& name) {
  Start start{name, {}};
  for (const nn::Parameter& p : run.store->all()) start.values[p.path] = p.tensor;
  return start;
}

Start start_of(const std::filesystem::path& file) {
  const files::Safetensors contents = files::read_safetensors(file);
  if (is_checkpoint(contents)) {
    throw Error(fmt::format("{}: this is a checkpoint of a run; give the run's folder, which has its vocabularies",
                            file.string()));
  }
  Start start{file.string(), {}};
  for (const files::NamedTensor& t : contents.tensors) start.values[t.name] = t.tensor;
  return start;
}

std::string take_parameters(const Start& start, nn::ParameterStore& store, const Renamed& rename) {
  std::vector<std::string> names, paths;
  for (const auto& [name, tensor] : start.values) names.push_back(name);
  for (const nn::Parameter& p : store.all()) paths.push_back(p.path);
  for (const auto& [from, to] : rename) {
    if (std::none_of(names.begin(), names.end(),
                     [&from = from](const std::string& name) { return is_at_or_below(name, from); }))
      throw Error(
          fmt::format("{}: it has no {} to rename; its names: {}", start.name, files::shown(from), listed(names)));
  }
  const nn::LoadReport left = store.load(
      start.values, {.strict = false, .rename = [&](const std::string& name) { return renamed(name, rename); }});
  const std::size_t taken = paths.size() - left.missing.size() - left.misshapen.size();
  if (taken == 0) {
    throw Error(fmt::format("{}: none of its tensors fits a parameter of the model; its names: {}; the model's: {}",
                            start.name, listed(names), listed(paths)));
  }
  std::string text = fmt::format("took {} of {} parameters from {}", taken, paths.size(), start.name);
  const auto add = [&](const char* what, const std::vector<std::string>& which) {
    if (!which.empty()) text += fmt::format("; {} {}: {}", which.size(), what, listed(which));
  };
  add("new", left.missing);
  add("of another shape", left.misshapen);
  add("without use", left.unexpected);
  return text;
}

Vocabularies load_vocabularies(const RunDirectory& directory, const RunConfig& config) {
  if (reads_images(config)) return {};
  return {directory.read_source_vocabulary(config), directory.read_target_vocabulary(config)};
}

}  // namespace gradus::train
