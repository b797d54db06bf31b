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

struct VitOptions {
  Index channels = 3;
  Index height = 32, width = 32;  // of an image; multiples of patch
  Index patch = 4;                // side of a square patch
  Index classes = 10;
  Index dim = 128;
  Index layers = 4;
  Index heads = 4;  // divides dim
  Index ffn = 256;
  double dropout = 0;
  nn::NormOrder norm = nn::NormOrder::pre;
  Pooling pooling = Pooling::cls;
};

/// Throws an Error that names the option, its value and the allowed values.
void check(const VitOptions& options);

/// An image classifier on the Transformer's encoder (Dosovitskiy et al. 2021, eq. 1-4). The words are patches, each
/// flattened and mapped to dim numbers.
struct Vit {
  VitOptions options;
  nn::Linear patches;  // the convolution with kernel and stride `patch`; weight [dim, channels * patch * patch]
  Tensor cls;          // [1, 1, dim], undefined with Pooling::mean
  nn::LearnedPositions positions;
  nn::Dropout dropout;
  nn::TransformerEncoder encoder;
  nn::Linear head;

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
