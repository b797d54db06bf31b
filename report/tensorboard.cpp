#include <gradus/report/tensorboard.h>

#include <fmt/format.h>

#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include <gradus/autograd/foundation/error.h>
#include <gradus/report/pictures.h>
#include <gradus/report/sample_attention.h>

namespace gradus::report {
namespace {

constexpr std::size_t longest_sample = 40;  // tokens

std::string tag_of(const std::string& name) {
  return name.starts_with("valid_") ? "valid/" + name.substr(6) : "train/" + name;
}

std::vector<std::string> scalars(const train::Numbers& numbers) {
  std::vector<std::string> values;
  for (const auto& [name, number] : numbers) values.push_back(scalar_value(tag_of(name), number));
  return values;
}

std::string picture_of(const std::string& tag, const Picture& picture) {
  return picture_value(tag, picture.height, picture.width, picture.png);
}

}  // namespace

void check_event_folder(const std::filesystem::path& folder) {
  std::filesystem::path at = std::filesystem::absolute(folder).lexically_normal();
  std::error_code ignored;
  while (!std::filesystem::exists(at, ignored) && at.has_relative_path()) at = at.parent_path();
  if (!std::filesystem::is_directory(at, ignored))
    throw Error(fmt::format("--tensorboard: {} is no folder; give another one", at.string()));
  if (::access(at.c_str(), W_OK | X_OK) != 0)
    throw Error(fmt::format("--tensorboard: {} cannot be written: {}", at.string(), std::strerror(errno)));
}

TensorBoard::TensorBoard(const std::filesystem::path& folder, const train::Run& run, const train::Dataset& dataset,
                         Index step, train::Progress& progress)
    : run_(run), dataset_(dataset), progress_(progress), file_(std::make_unique<EventFile>(folder, step)) {}

void TensorBoard::losses(Index step, const train::Numbers& numbers, const train::TrainingTimes& times) {
  std::vector<std::string> values = scalars(numbers);
  const double seconds = times.step_seconds - before_.step_seconds;
  if (step_before_ >= 0 && seconds > 0) {
    const bool tokens = times.target_tokens > 0;
    const Index done = tokens ? times.target_tokens - before_.target_tokens : times.examples - before_.examples;
    values.push_back(scalar_value(tokens ? "speed/tokens_per_second" : "speed/examples_per_second",
                                  static_cast<double>(done) / seconds));
    values.push_back(scalar_value("speed/steps_per_second", static_cast<double>(step - step_before_) / seconds));
  }
  before_ = times;
  step_before_ = step;
  add(step, values);
}

void TensorBoard::validation(Index step, const train::Numbers& numbers) {
  std::vector<std::string> values = scalars(numbers);
  for (const nn::Parameter& p : run_.store->all())
    if (!p.buffer) values.push_back(histogram_value("parameters/" + p.path, p.tensor));
  add_pictures(values);
  add(step, values);
}

void TensorBoard::add_pictures(std::vector<std::string>& values) const {
  if (run_.classifier) {
    const data::Images& images = dataset_.valid_images.images;
    std::vector<std::vector<PatchAttention>> layers(static_cast<std::size_t>(run_.classifier->vit.options.layers));
    for (PatchAttention& map : patch_attention(*run_.classifier, images, 0))
      layers[static_cast<std::size_t>(map.layer)].push_back(std::move(map));
    for (std::size_t layer = 0; layer < layers.size(); ++layer) {
      values.push_back(picture_of(fmt::format("attention/patches/layer_{}", layer + 1),
                                  attention_picture(images, 0, run_.classifier->vit.options.patch, layers[layer])));
    }
    return;
  }
  const auto& sets = dataset_.references;
  const auto sample = std::find_if(sets.begin(), sets.end(), [](const data::ReferenceSet& set) {
    return !set.source.empty() && set.source.size() <= longest_sample;
  });
  if (sample == sets.end()) return;
  for (const models::AttentionMap& map : sample_attention(run_, sample->source).maps) {
    values.push_back(picture_of(fmt::format("attention/{}/layer_{}", name_of(map.reads), map.layer + 1),
                                attention_picture(map.weights)));
  }
}

void TensorBoard::add(Index step, const std::vector<std::string>& values) {
  if (!file_) return;
  try {
    file_->add(step, values);
  } catch (const std::exception& e) {
    progress_.line(fmt::format("note: {}; TensorBoard gets no more events; the training is not affected", e.what()));
    file_.reset();
  }
}

}  // namespace gradus::report
