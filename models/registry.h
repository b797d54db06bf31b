#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gradus/models/options.h>
#include <gradus/models/seq2seq.h>
#include <gradus/nn/parameters.h>

namespace gradus::models {

/// The names that `make_model` knows, from the simplest model on.
std::vector<std::string> model_names();

/// The model that options.model names, its parameters registered below `scope`. Throws an Error on an option out of
/// range.
std::unique_ptr<Seq2Seq> make_model(nn::Scope scope, const Seq2SeqOptions& options);

}  // namespace gradus::models
