#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <gradus/data/images.h>
#include <gradus/models/image_classifier.h>
#include <gradus/train/dataset.h>
#include <gradus/train/ranks.h>

namespace gradus::train {

/// Whether the model of the configuration classifies images.
bool reads_images(const RunConfig& config);

/// The names of the classes: data.class_names, those of the task, or the labels "0", "1", ...
std::vector<std::string> class_names(const RunConfig& config);

/// The data of a model of images, for load_dataset. Sets the size of the images, the number of classes and the
/// normalisation of pixels where the configuration leaves them open. Without validation images some are held out, by a
/// function of the image alone.
Dataset load_image_dataset(const RunConfig& config, const Notes& notes = {});

/// The images of a file, to classify. Throws Error as data::read_images does, and when they have another size than
/// those of the run.
data::Images load_images(const RunConfig& config, const std::filesystem::path& file);

/// Images and labels to test on. Throws Error as load_images does, and for a label that is no class of the run.
data::LabelledImages load_test_images(const RunConfig& config, const std::filesystem::path& images,
                                      const std::filesystem::path& labels, const Notes& notes = {});
/// Those of a task, data::image_task_names().
data::LabelledImages load_test_images(const RunConfig& config, const std::string& task, const Notes& notes = {});

/// The natural logarithms of the probabilities of the classes, [count, classes]. `stop` is called before each batch, on
/// any thread; once it returns true, models::Stopped is thrown. The ranks divide the images (null: this process alone).
/// Every rank gets all results, with the same bits at any number of ranks. An exception of a rank is thrown on all.
Tensor log_probabilities(const models::ImageClassifier& model, const data::Images& images,
                         const std::function<bool()>& stop = {}, Ranks* ranks = nullptr);

/// A comparison of classes with labels.
struct ClassScore {
  std::vector<Index> found;                   // the most probable class of each image; of equals, the first
  std::vector<std::vector<Index>> confusion;  // images of the label (row) that were read as the class (column)
  Index images = 0,                           ///< in all
      correct = 0;                            ///< images that were read as the class of their label
  double loss = 0;                            // mean cross-entropy, in nats

  /// Correct images as a share of all.
  double accuracy() const { return static_cast<double>(correct) / static_cast<double>(images); }
};

/// log_probabilities [count, classes], and the label of each image. Throws Error when the counts differ or are 0.
ClassScore score_classes(const Tensor& log_probabilities, const std::vector<Index>& labels);

/// The images that were read as another class than their label, the most probable such class first, at most `most`.
std::vector<Index> most_misread(const Tensor& log_probabilities, const ClassScore& score,
                                const std::vector<Index>& labels, Index most);

}  // namespace gradus::train
