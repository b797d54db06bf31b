#pragma once

#include <filesystem>
#include <memory>

#include <gradus/data/vocabulary.h>
#include <gradus/models/seq2seq.h>
#include <gradus/nn/parameters.h>
#include <gradus/train/run_directory.h>

namespace gradus::train {

/// A model with its configuration, vocabularies and parameters.
struct Run {
  RunConfig config;
  data::Vocabulary source, target;
  std::unique_ptr<nn::ParameterStore> store;
  std::unique_ptr<models::Seq2Seq> model;
};

/// A new model of the configuration. train.seed determines its parameters, and those of train.freeze are frozen.
Run make_run(const RunConfig& config, const data::Vocabulary& source, const data::Vocabulary& target);

enum class Which { best, last };

/// The model of a run directory from one of its checkpoints, with averages as parameters where the checkpoint has them.
/// Throws Error that names the file and the defect.
Run load_run(const RunDirectory& directory, Which which = Which::best);
/// The same from a given checkpoint of the run.
Run load_run(const RunDirectory& directory, const std::filesystem::path& checkpoint);

}  // namespace gradus::train
