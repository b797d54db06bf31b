#include <gradus/models/registry.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <gradus/models/attention.h>
#include <gradus/models/rnn.h>
#include <gradus/models/rnn_attention.h>
#include <gradus/models/transformer.h>

namespace gradus::models {
namespace {

using Make = std::unique_ptr<Seq2Seq> (*)(nn::Scope, const Seq2SeqOptions&);

template <class Model>
std::unique_ptr<Seq2Seq> make(nn::Scope scope, const Seq2SeqOptions& options) {
  return std::make_unique<Model>(scope, options);
}

constexpr std::pair<const char*, Make> models[] = {
    {"rnn", make<Rnn>},
    {"rnn-attention", make<RnnAttention>},
    {"attention", make<AttentionOnly>},
    {"transformer", make<Transformer>},
};

}  // namespace

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const auto& [name, make] : models) names.emplace_back(name);
  return names;
}

std::unique_ptr<Seq2Seq> make_model(nn::Scope scope, const Seq2SeqOptions& options) {
  for (const auto& [name, make] : models) {
    if (options.model != name) continue;
    check(options);
    return make(scope, options);
  }
  throw Error(fmt::format("there is no model '{}'; the models are {}", options.model, fmt::join(model_names(), ", ")));
}

}  // namespace gradus::models
