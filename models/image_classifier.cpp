#include <gradus/models/image_classifier.h>

#include <fmt/format.h>

#include <cmath>

#include <gradus/autograd/ops/arithmetic.h>

namespace gradus::models {
namespace {

// [channels, 1, 1]. The numbers are finite; a divisor is above 0.
Tensor per_channel(const char* name, const std::vector<double>& numbers, const ImageOptions& images, DType dtype,
                   bool divisor) {
  if (std::ssize(numbers) != images.channels) {
    throw Error(fmt::format("model option {} has {} numbers; expected one for each of the {} channels", name,
                            numbers.size(), images.channels));
  }
  return dispatch_floating(dtype, [&](auto zero) {
    using T = decltype(zero);
    const std::vector<T> values(numbers.begin(), numbers.end());
    for (const T value : values) {
      if (!std::isfinite(value) || (divisor && value <= 0))
        throw Error(fmt::format("model option {} has a {}; expected finite numbers{}", name, value,
                                divisor ? " above 0, by which pixels are divided" : ""));
    }
    return Tensor::from(values, {images.channels, 1, 1});
  });
}

}  // namespace

VitOptions vit_options(const Seq2SeqOptions& o, const ImageOptions& images) {
  return {.channels = images.channels,
          .height = images.height,
          .width = images.width,
          .patch = images.patch,
          .classes = images.classes,
          .dim = o.dim,
          .layers = o.encoder_layers,
          .heads = o.heads,
          .ffn = o.ffn,
          .dropout = o.dropout,
          .norm = o.norm,
          .pooling = images.pooling};
}

ImageClassifier::ImageClassifier(nn::Scope scope, const Seq2SeqOptions& options, const ImageOptions& images)
    : mean(per_channel("pixel_mean", images.pixel_mean, images, scope.dtype(), false)),
      deviation(per_channel("pixel_std", images.pixel_std, images, scope.dtype(), true)),
      vit(scope, vit_options(options, images)) {}

Tensor ImageClassifier::normalized(const Tensor& pixels, Place place) const {
  return div({sub({pixels, place}, {mean, place}), place}, {deviation, place});
}

Tensor ImageClassifier::operator()(const Tensor& pixels, Place place) const {
  return vit(normalized(pixels, place), place);
}

std::vector<Tensor> ImageClassifier::attention_weights(const Tensor& pixels, Place place) const {
  return vit.attention_weights(normalized(pixels, place), place);
}

ModelInfo ImageClassifier::info() {
  const auto sized = [](const char* dim, const char* heads, const char* layers, const char* ffn, const char* batch,
                        const char* lr, const char* epochs) {
    return Assignments{{"model.dim", dim},
                       {"model.heads", heads},
                       {"model.encoder_layers", layers},
                       {"model.ffn", ffn},
                       {"model.norm", "pre"},
                       {"model.dropout", "0"},
                       {"train.batch", batch},
                       {"train.optimizer", "adamw"},
                       {"train.lr", lr},
                       {"train.weight_decay", "0.05"},
                       {"train.schedule", "cosine"},
                       {"train.warmup", "500"},
                       {"train.label_smoothing", "0.1"},
                       {"train.epochs", epochs},
                       {"train.min_steps", "1000"},
                       {"train.best_by", "accuracy"},
                       {"train.crop", "2"},
                       {"train.flip", "true"}};
  };
  return {
      .summary = "classifies images: their patches read each other (self-attention)",
      .images = true,
      .check = check_heads,
      .cost = [](const Seq2SeqOptions& o, const BatchSize& b) -> Cost {
        const auto d = static_cast<double>(o.dim), f = static_cast<double>(o.ffn), S = b.source,
                   heads = static_cast<double>(o.heads), layers = static_cast<double>(o.encoder_layers);
        return {.multiply_adds = b.sequences * layers * S * (4 * d * d + 2 * S * d + 2 * d * f),
                .attention_weights = b.sequences * heads * layers * S * S,
                .kept = b.sequences * S * (layers * (8 * d + 2 * f) + 2 * d)};
      },
      .presets = {{"tiny", sized("64", "4", "4", "128", "64", "0.001", "40")},
                  {"small", sized("128", "4", "6", "256", "128", "0.001", "30")},
                  {"base", sized("256", "8", "8", "512", "128", "0.0005", "60")}},
  };
}

}  // namespace gradus::models
