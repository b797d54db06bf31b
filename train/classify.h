#pragma once

#include <functional>
#include <vector>

#include <gradus/data/images.h>
#include <gradus/models/image_classifier.h>
#include <gradus/train/ranks.h>

namespace gradus::train {

/// The natural logarithms of the probabilities of the classes, [count, classes]. `stop` is called before each batch, on
/// any thread; once it returns true, models::Stopped is thrown. The ranks divide the images (null: this process alone).
/// Every rank gets all results, with the same bits at any number of ranks. An exception of a rank is thrown on all.
/// Throws Error as data::check(Images) does.
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

/// log_probabilities [count, classes], and the label of each image. Throws Error unless there is an image, each
/// has a label, and the labels are from 0 up to classes - 1.
ClassScore score_classes(const Tensor& log_probabilities, const std::vector<Index>& labels);

/// The images that were read as another class than their label, the most probable such class first, at most `most`.
/// Throws Error as score_classes does, also for score.found in place of the labels, and when `most` is negative.
std::vector<Index> most_misread(const Tensor& log_probabilities, const ClassScore& score,
                                const std::vector<Index>& labels, Index most);

}  // namespace gradus::train
