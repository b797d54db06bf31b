#include <gradus/train/internal/image_task.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gradus/autograd/foundation/internal/fnv1a.h>
#include <gradus/autograd/ops/losses.h>
#include <gradus/data/internal/draws.h>
#include <gradus/models/decode.h>

namespace gradus::train {
namespace {

class ImageBatch final : public StepBatch {
 public:
  ImageBatch(const Run& run, const data::LabelledImages& all, std::vector<Index> rows, Index step)
      : run_(run), all_(all), rows_(std::move(rows)), step_(step) {}

  Index size() const override { return std::ssize(rows_); }

  Tensor loss(Index begin, Index end) const override {
    const TrainConfig& t = run_.config.train;
    const Tensor pixels = data::pixels_of(all_.images, rows_, begin, end,
                                          {.crop = t.crop,
                                           .flip = t.flip,
                                           .seed = static_cast<std::uint64_t>(t.seed),
                                           .step = static_cast<std::uint64_t>(step_)});
    std::vector<Index> labels;
    for (Index i = begin; i < end; ++i)
      labels.push_back(all_.labels[static_cast<std::size_t>(rows_[static_cast<std::size_t>(i)])]);
    const Tensor logits = (*run_.classifier)(pixels);
    const Region region("loss");
    const Tensor sum = cross_entropy(logits, Tensor::from(labels, {end - begin}),
                                     {.label_smoothing = t.label_smoothing, .reduction = Reduction::sum});
    return sum * (1.0 / static_cast<double>(size()));
  }

  std::string names(Index begin, Index end) const override { return names_of_rows("images", rows_, begin, end); }

  std::string size_advice() const override {
    return fmt::format("{} images: make train.batch or the model smaller, or raise train.accumulate", size());
  }

 private:
  const Run& run_;
  const data::LabelledImages& all_;
  std::vector<Index> rows_;
  Index step_;
};

std::uint64_t fingerprint(const data::LabelledImages& all, const models::ImageOptions& options) {
  Fnv1a hash;
  for (const Index number :
       {all.images.count, all.images.channels, all.images.height, all.images.width, options.classes})
    hash.take(static_cast<std::uint64_t>(number));
  hash.take(std::string_view(reinterpret_cast<const char*>(all.images.pixels.data()), all.images.pixels.size()));
  for (const Index label : all.labels) hash.take(static_cast<std::uint64_t>(label));
  return hash.value();
}

}  // namespace

ImageTask::ImageTask(const Run& run, const Dataset& dataset) : run_(run), data_(dataset) {
  for (const auto& [images, what] : {std::pair{&dataset.train_images, "train"}, {&dataset.valid_images, "validate"}}) {
    data::check(*images);
    if (images->images.count > 0) continue;
    throw Error(fmt::format("Trainer: the dataset has no images to {} on; make it with load_dataset", what));
  }
}

std::vector<std::vector<Index>> ImageTask::plan(Index epoch) const {
  const TrainConfig& t = run_.config.train;
  std::vector<Index> rows(static_cast<std::size_t>(data_.train_images.images.count));
  std::iota(rows.begin(), rows.end(), Index{0});
  data::Draws(static_cast<std::uint64_t>(t.seed), data::Purpose::batch_order, static_cast<std::uint64_t>(epoch))
      .shuffle(rows);
  std::vector<std::vector<Index>> batches;
  for (Index i = 0; i < std::ssize(rows); i += t.batch)
    batches.emplace_back(rows.begin() + i, rows.begin() + std::min<Index>(i + t.batch, std::ssize(rows)));
  return batches;
}

Index ImageTask::batches() const {
  const Index batch = run_.config.train.batch;
  return (data_.train_images.images.count + batch - 1) / batch;
}

std::unique_ptr<StepBatch> ImageTask::batch(const std::vector<Index>& rows, Index step) const {
  return std::make_unique<ImageBatch>(run_, data_.train_images, rows, step);
}

Validation ImageTask::validate(const std::function<bool()>& stop, Ranks* ranks) const {
  const data::LabelledImages& valid = data_.valid_images;
  const ClassScore score = score_classes(log_probabilities(*run_.classifier, valid.images, stop, ranks), valid.labels);
  if (!std::isfinite(score.loss)) throw models::NanScores(fmt::format("the validation loss is {}", score.loss));
  const double wrong = 1 - score.accuracy();
  Validation found;
  found.score = {.pairs = score.images,
                 .exact = score.correct,
                 .edits = score.images - score.correct,
                 .reference_tokens = score.images,
                 .sequence_error_rate = wrong,
                 .token_error_rate = wrong};
  found.loss = score.loss;
  found.value = run_.config.train.best_by == BestBy::loss ? score.loss : score.accuracy();
  found.fields = {{"valid_loss", score.loss}, {"valid_accuracy", score.accuracy()}};
  found.text = fmt::format("valid loss {:.4f}  accuracy {:.2f} %", score.loss, 100 * score.accuracy());
  return found;
}

void ImageTask::identify(Position& position) const {
  position.training_pairs = fingerprint(data_.train_images, run_.config.image);
  position.validation_pairs = fingerprint(data_.valid_images, run_.config.image);
}

}  // namespace gradus::train
