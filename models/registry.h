#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gradus/models/model_info.h>
#include <gradus/models/options.h>
#include <gradus/models/seq2seq.h>
#include <gradus/nn/parameters.h>

namespace gradus::models {

/// The names of the models of sequences: the four of the library, simplest first, then the registered ones.
std::vector<std::string> model_names();

/// The names of all models, of images (vit) too: those of the library, then the registered ones.
std::vector<std::string> all_model_names();

/// The row of the model of that name. Throws an Error that lists the names when there is none.
const ModelInfo& model_info(std::string_view name);

/// Throws an Error that names the option, its value and the allowed values.
void check(const Seq2SeqOptions& options);

/// The model that options.model names, its parameters registered below `scope`. Throws an Error as `check` does.
std::unique_ptr<Seq2Seq> make_model(nn::Scope scope, const Seq2SeqOptions& options);

/// Makes a model whose parameters are below the scope.
using MakeModel = std::unique_ptr<Seq2Seq> (*)(nn::Scope, const Seq2SeqOptions&);

/// What the registry needs of a model: a class derived from Seq2Seq with the constructor Model(nn::Scope, const
/// Seq2SeqOptions&) and, unless the defaults of ModelInfo fit, a static ModelInfo info().
template <class Model>
std::unique_ptr<Seq2Seq> make_as(nn::Scope scope, const Seq2SeqOptions& options) {
  return std::make_unique<Model>(scope, options);
}
template <class Model>
ModelInfo info_of() {
  if constexpr (requires { Model::info(); })
    return Model::info();
  else
    return {};
}

/// Adds a model for the rest of the program. Call it before threads use the registry. Throws an Error when the name is
/// empty or taken, and when `make` is null, unless it is a model of images.
void register_model(const std::string& name, MakeModel make, ModelInfo info);
template <class Model>
void register_model(const std::string& name) {
  register_model(name, make_as<Model>, info_of<Model>());
}

}  // namespace gradus::models
