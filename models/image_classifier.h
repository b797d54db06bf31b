#pragma once

#include <string_view>
#include <vector>

#include <gradus/models/model_info.h>
#include <gradus/models/options.h>
#include <gradus/models/vit.h>

namespace gradus::models {

/// The spelling of Pooling in configuration files and messages, in order of its values.
inline constexpr std::string_view pooling_names[] = {"cls", "mean"};

/// The options of a model of images, beside those that it shares with other models: dim, encoder_layers, heads, ffn,
/// norm and dropout of Seq2SeqOptions. What is 0 or empty comes from the training images.
struct ImageOptions {
  Index channels = 0,                   ///< of an image
      height = 0,                       ///< of an image, in pixels
      width = 0;                        ///< of an image, in pixels
  Index classes = 0;                    // number of labels
  Index patch = 4;                      // side of a square patch, in pixels
  Pooling pooling = Pooling::cls;       // what the classifier reads
  std::vector<double> pixel_mean = {},  ///< one per channel, for pixels from 0 to 1
      pixel_std = {};                   ///< one per channel, likewise; above 0
};

/// The options of the vision Transformer.
VitOptions vit_options(const Seq2SeqOptions& options, const ImageOptions& images);

/// A vision Transformer with the normalisation of its pixels.
struct ImageClassifier {
  Tensor mean,    ///< of the pixels, [channels, 1, 1]
      deviation;  ///< by which the pixels are divided, [channels, 1, 1]
  Vit vit;        // of the normalised pixels

  /// Throws an Error as Vit does, and unless mean and deviation have a finite number per channel, and the deviations
  /// are above 0.
  ImageClassifier(nn::Scope scope, const Seq2SeqOptions& options, const ImageOptions& images);

  static ModelInfo info();  // the row of the registry

  /// pixels [batch, channels, height, width], from 0 to 1 -> logits [batch, classes]
  Tensor operator()(const Tensor& pixels, Place place = Place::current()) const;
  /// The same pixels -> the attention weights that Vit::attention_weights returns.
  std::vector<Tensor> attention_weights(const Tensor& pixels, Place place = Place::current()) const;

 private:
  Tensor normalized(const Tensor& pixels, Place place) const;
};

}  // namespace gradus::models
