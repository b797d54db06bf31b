#include <gradus/train/classify.h>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/softmax.h>
#include <gradus/data/internal/counted.h>
#include <gradus/models/decode.h>
#include <gradus/nn/training.h>
#include <gradus/train/internal/bytes.h>
#include <gradus/train/internal/together.h>

namespace gradus::train {

using data::Images;

namespace {

// Throws Error unless each row of the probabilities, f32 [count, classes], has a class of that number.
void check_classes(const char* caller, const char* what, const Tensor& log_probabilities,
                   const std::vector<Index>& of_images) {
  if (log_probabilities.dtype() != DType::f32 || log_probabilities.rank() != 2)
    throw Error(fmt::format("{}: the probabilities are {}; expected f32 [images, classes]", caller,
                            describe(log_probabilities)));
  const Index count = log_probabilities.size(0), classes = log_probabilities.size(1);
  if (count == 0 || count != std::ssize(of_images)) {
    throw Error(fmt::format("{}: the probabilities are of {}, and there are {}; expected a {} per image", caller,
                            data::counted(count, "image"), data::counted(std::ssize(of_images), what), what));
  }
  for (Index i = 0; i < count; ++i) {
    const Index one = of_images[static_cast<std::size_t>(i)];
    if (one < 0 || one >= classes)
      throw Error(fmt::format("{}: {} {} is {}; expected one of {} classes", caller, what, i, one, classes));
  }
}

}  // namespace

Tensor log_probabilities(const models::ImageClassifier& model, const Images& images, const std::function<bool()>& stop,
                         Ranks* ranks) {
  check(images);
  constexpr Index at_once = 64;
  const Index classes = model.vit.options.classes, batches = (images.count + at_once - 1) / at_once;
  const Index size = ranks == nullptr ? 1 : ranks->size(), own = ranks == nullptr ? 0 : ranks->rank();
  // The first image of a rank. It has neighbouring batches.
  const auto first_of = [&](Index rank) { return std::min(batches * rank / size * at_once, images.count); };
  const Index first = first_of(own), last = first_of(own + 1);
  std::vector<Index> rows(static_cast<std::size_t>(images.count));
  std::iota(rows.begin(), rows.end(), Index{0});
  std::vector<float> found(static_cast<std::size_t>((last - first) * classes));
  together(ranks, [&] {
    run_shards((last - first + at_once - 1) / at_once, [&](Index k) {
      if (stop && stop()) throw models::Stopped();
      const NoGrad no_grad;
      const nn::Training in_use(false);
      const Index begin = first + k * at_once, end = std::min(begin + at_once, last);
      const Tensor logs = log_softmax(model(data::pixels_of(images, rows, begin, end)), -1);
      std::copy_n(logs.data<float>(), logs.numel(), found.begin() + (begin - first) * classes);
    });
  });
  if (ranks != nullptr) {
    ByteWriter mine;
    mine.list(found);
    found.clear();
    for (const std::string& bytes : ranks->gather(mine.bytes)) {
      const std::vector<float> part = ByteReader(bytes).list<float>();
      found.insert(found.end(), part.begin(), part.end());
    }
  }
  return Tensor::from(found, {images.count, classes});
}

ClassScore score_classes(const Tensor& log_probabilities, const std::vector<Index>& labels) {
  check_classes("score_classes", "label", log_probabilities, labels);
  const Index count = log_probabilities.size(0), classes = log_probabilities.size(1);
  ClassScore score;
  score.images = count;
  score.confusion.assign(static_cast<std::size_t>(classes), std::vector<Index>(static_cast<std::size_t>(classes)));
  for (Index i = 0; i < count; ++i) {
    const float* row = log_probabilities.data<float>() + i * classes;
    const Index found = std::max_element(row, row + classes) - row, label = labels[static_cast<std::size_t>(i)];
    score.found.push_back(found);
    score.correct += found == label ? 1 : 0;
    score.loss -= static_cast<double>(row[label]) / static_cast<double>(count);
    ++score.confusion[static_cast<std::size_t>(label)][static_cast<std::size_t>(found)];
  }
  return score;
}

std::vector<Index> most_misread(const Tensor& log_probabilities, const ClassScore& score,
                                const std::vector<Index>& labels, Index most) {
  check_classes("most_misread", "label", log_probabilities, labels);
  check_classes("most_misread", "found class", log_probabilities, score.found);
  if (most < 0) throw Error(fmt::format("most_misread: most is {}; expected at least 0", most));
  std::vector<Index> misread;
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (score.found[i] != labels[i]) misread.push_back(static_cast<Index>(i));
  const auto probability = [&](Index i) {
    return log_probabilities.data<float>()[i * log_probabilities.size(1) + score.found[static_cast<std::size_t>(i)]];
  };
  std::stable_sort(misread.begin(), misread.end(), [&](Index a, Index b) { return probability(a) > probability(b); });
  misread.resize(std::min(misread.size(), static_cast<std::size_t>(most)));
  return misread;
}

}  // namespace gradus::train
