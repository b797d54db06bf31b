#pragma once

#include <vector>

#include <gradus/autograd/engine/tensor.h>
#include <gradus/nn/dropout.h>
#include <gradus/nn/linear.h>
#include <gradus/nn/positions.h>
#include <gradus/nn/transformer.h>

namespace gradus::models {

/// The part of the encoder's output for the classifier: a learned extra token, or the mean over patches.
enum class Pooling { cls, mean };

/// The shape of images and the size of the encoder.
struct VitOptions {
  Index channels = 3;                       // of an image
  Index height = 32,                        ///< of an image, a multiple of patch
      width = 32;                           ///< of an image, a multiple of patch
  Index patch = 4;                          // side of a square patch
  Index classes = 10;                       // number of labels
  Index dim = 128;                          // numbers of a patch's vector
  Index layers = 4;                         // of the encoder
  Index heads = 4;                          // divides dim
  Index ffn = 256;                          // width of the feed-forward sublayers, 0 for none
  double dropout = 0;                       // of the embedded patches, and after and inside sublayers
  nn::NormOrder norm = nn::NormOrder::pre;  // of each sublayer
  Pooling pooling = Pooling::cls;           // what the classifier reads
};

/// Throws an Error that names the option, its value and the allowed values.
void check(const VitOptions& options);

/// An image classifier on the Transformer's encoder (Dosovitskiy et al. 2021, eq. 1-4). The words are patches, each
/// flattened and mapped to dim numbers.
struct Vit {
  VitOptions options;  // as given
  nn::Linear patches;  // the convolution with kernel and stride `patch`; weight [dim, channels * patch * patch]
  Tensor cls;          // [1, 1, dim], undefined with Pooling::mean
  nn::LearnedPositions positions;  // of the patches and the extra token
  nn::Dropout dropout;             // of the embedded patches
  nn::TransformerEncoder encoder;  // of patches [batch, S, dim]
  nn::Linear head;                 // [classes, dim]

  /// Throws an Error as `check` does.
  Vit(nn::Scope scope, const VitOptions& o);

  /// images [batch, channels, height, width] -> logits [batch, classes]
  Tensor operator()(const Tensor& images, Place place = Place::current()) const;

  /// The attention weights of each layer, [batch, heads, S, S]. S counts the patches, row by row, after the extra token
  /// where there is one.
  std::vector<Tensor> attention_weights(const Tensor& images, Place place = Place::current()) const;

 private:
  Tensor embedded(const Tensor& images, Place place) const;
};

}  // namespace gradus::models
