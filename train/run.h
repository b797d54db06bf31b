#pragma once

#include <memory>

#include <gradus/data/vocabulary.h>
#include <gradus/models/seq2seq.h>
#include <gradus/nn/parameters.h>
#include <gradus/train/run_directory.h>

namespace gradus::train {

/// A model ready for use, with what turns text into its ids and back.
struct Run {
  RunConfig config;
  data::Vocabulary source, target;
  std::unique_ptr<nn::ParameterStore> store;
  std::unique_ptr<models::Seq2Seq> model;
};

/// A fresh model of the configuration, its parameters drawn from the run's seed.
Run make_run(const RunConfig& config, const data::Vocabulary& source, const data::Vocabulary& target);

enum class Which { best, last };

/// The model of a run directory, from one of its checkpoints: the averages, where it has any. Throws Error naming file
/// and defect.
Run load_run(const RunDirectory& directory, Which which = Which::best);

}  // namespace gradus::train
