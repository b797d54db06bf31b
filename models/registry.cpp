#include <gradus/models/registry.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <deque>

#include <gradus/models/attention.h>
#include <gradus/models/image_classifier.h>
#include <gradus/models/rnn.h>
#include <gradus/models/rnn_attention.h>
#include <gradus/models/transformer.h>

namespace gradus::models {
namespace {

struct Entry {
  std::string name;
  MakeModel make;  // null for a model of images
  ModelInfo info;
};

template <class Model>
Entry entry(const char* name) {
  return {name, make_as<Model>, info_of<Model>()};
}

// A deque, so that references to rows stay valid when models are added.
std::deque<Entry>& entries() {
  static std::deque<Entry> all = {
      entry<Rnn>("rnn"),
      entry<RnnAttention>("rnn-attention"),
      entry<AttentionOnly>("attention"),
      entry<Transformer>("transformer"),
      {"vit", nullptr, ImageClassifier::info()},
  };
  return all;
}

const Entry* find(std::string_view name) {
  const auto& all = entries();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Entry& e) { return e.name == name; });
  return found == all.end() ? nullptr : &*found;
}

const Entry& at(std::string_view name) {
  if (const Entry* found = find(name)) return *found;
  throw Error(fmt::format("there is no model '{}'; the models are {}", name, fmt::join(all_model_names(), ", ")));
}

}  // namespace

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const Entry& e : entries())
    if (!e.info.images) names.push_back(e.name);
  return names;
}

std::vector<std::string> all_model_names() {
  std::vector<std::string> names;
  for (const Entry& e : entries()) names.push_back(e.name);
  return names;
}

const ModelInfo& model_info(std::string_view name) { return at(name).info; }

void check(const Seq2SeqOptions& o) {
  const ModelInfo& info = model_info(o.model);
  check_ranges(o);
  if (info.check != nullptr) info.check(o);
  if (!o.tied || info.output_width == nullptr) return;
  if (const Index width = info.output_width(o); width != o.dim) {
    throw Error(
        fmt::format("model option tied needs an output layer that reads as many numbers as an embedding has, but "
                    "that of {} reads {} and dim is {}; set dim to {} or tied to false",
                    o.model, width, o.dim, width));
  }
}

std::unique_ptr<Seq2Seq> make_model(nn::Scope scope, const Seq2SeqOptions& options) {
  check(options);
  if (model_info(options.model).images)
    throw Error(fmt::format("the model {} classifies images; it is no model of sequences", options.model));
  return at(options.model).make(scope, options);
}

void register_model(const std::string& name, MakeModel make, ModelInfo info) {
  if (name.empty()) throw Error("a model must have a name");
  if (find(name) != nullptr) throw Error(fmt::format("there is already a model '{}'", name));
  if (make == nullptr && !info.images) throw Error(fmt::format("the model '{}' has no function that makes it", name));
  entries().push_back({name, make, std::move(info)});
}

}  // namespace gradus::models
