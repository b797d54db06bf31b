#pragma once

#include <filesystem>
#include <memory>

#include <gradus/data/vocabulary.h>
#include <gradus/models/image_classifier.h>
#include <gradus/models/seq2seq.h>
#include <gradus/nn/parameters.h>
#include <gradus/train/run_directory.h>

namespace gradus::train {

/// A model with its configuration, vocabularies and parameters. A model of images is in `classifier`, all others are in
/// `model`; the other pointer is null.
struct Run {
  RunConfig config;                           // with the sizes of the vocabularies
  data::Vocabulary source,                    ///< of the sources; of a model of images it has the special tokens only
      target;                                 ///< of the targets, likewise
  std::unique_ptr<nn::ParameterStore> store;  // the parameters of the model
  std::unique_ptr<models::Seq2Seq> model;     // null for images
  std::unique_ptr<models::ImageClassifier> classifier = {};  // null for text
};

/// A new model of the configuration. train.seed determines its parameters, and those of train.freeze are frozen.
Run make_run(const RunConfig& config, const data::Vocabulary& source, const data::Vocabulary& target);

/// The checkpoint of a run: the best validated one, or the newest state.
enum class Which { best, last };
/// The models that a caller of load_run can use.
enum class Reads { text, images, both };

/// The model of a run directory from one of its checkpoints, with averages as parameters where the checkpoint has them.
/// Throws Error that names the file and the defect, and when the model is not of the kind that `reads` allows.
Run load_run(const RunDirectory& directory, Which which = Which::best, Reads reads = Reads::text);
/// The same from a given checkpoint of the run, of any kind of model.
Run load_run(const RunDirectory& directory, const std::filesystem::path& checkpoint);

}  // namespace gradus::train
