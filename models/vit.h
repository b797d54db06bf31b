#pragma once

#include <fmt/format.h>

#include <optional>

#include <gradus/nn/dropout.h>
#include <gradus/nn/linear.h>
#include <gradus/nn/positions.h>
#include <gradus/nn/transformer.h>

namespace gradus::models {

/// What of the encoder's output the classes are read from: a learned extra token, or the mean over patches.
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

/// An image classifier on the Transformer's encoder (Dosovitskiy et al. 2021, eq. 1-4): patches, each flattened and
/// mapped to dim numbers, are the words. Throws an Error that names the option when one is out of range.
struct Vit {
  VitOptions options;
  nn::Linear patches;  // the convolution with kernel and stride `patch`; weight [dim, channels * patch * patch]
  Tensor cls;          // [1, 1, dim], undefined with Pooling::mean
  nn::LearnedPositions positions;
  nn::Dropout dropout;
  nn::TransformerEncoder encoder;
  nn::Linear head;

  Vit(nn::Scope scope, const VitOptions& o)
      : options(checked(o)),
        patches(scope / "patches", o.channels * o.patch * o.patch, o.dim),
        cls(o.pooling == Pooling::cls ? scope.normal("cls", {1, 1, o.dim}, 0.02) : Tensor()),
        positions(scope / "positions", length(o), o.dim),
        dropout{o.dropout},
        encoder(scope / "encoder",
                {.dim = o.dim,
                 .heads = o.heads,
                 .ffn = o.ffn,
                 .dropout = o.dropout,
                 .norm = o.norm,
                 .activation = nn::Activation::gelu},
                o.layers),
        head(scope / "head", o.dim, o.classes) {}

  /// images [batch, channels, height, width] -> logits [batch, classes]
  Tensor operator()(const Tensor& images, Place place = Place::current()) const {
    if (images.rank() != 4 || images.size(1) != options.channels || images.size(2) != options.height ||
        images.size(3) != options.width)
      throw Error(fmt::format("vit: images are {}; expected [batch, {}, {}, {}]", describe(images), options.channels,
                              options.height, options.width),
                  place);
    Tensor x = patches(unfold(images, options.patch, options.patch, options.patch, 0));  // [batch, patches, dim]
    if (cls.defined()) x = concat({expand(cls, {x.size(0), 1, options.dim}), x}, 1);     // [batch, 1 + patches, dim]
    x = encoder(dropout(positions(x)));
    return head(cls.defined() ? select(x, 1, 0) : mean(x, {1}));
  }

 private:
  static Index length(const VitOptions& o) {
    return (o.height / o.patch) * (o.width / o.patch) + (o.pooling == Pooling::cls ? 1 : 0);
  }

  static const VitOptions& checked(const VitOptions& o) {
    auto in_range = [](const char* option, Index value, Index low) {
      if (value < low) throw Error(fmt::format("vit option {} is {}; it must be at least {}", option, value, low));
    };
    in_range("channels", o.channels, 1);
    in_range("height", o.height, 1);
    in_range("width", o.width, 1);
    in_range("patch", o.patch, 1);
    in_range("classes", o.classes, 1);
    in_range("dim", o.dim, 1);
    in_range("layers", o.layers, 1);
    in_range("heads", o.heads, 1);
    in_range("ffn", o.ffn, 0);
    if (!(o.dropout >= 0 && o.dropout < 1))
      throw Error(fmt::format("vit option dropout is {}; it must be at least 0 and less than 1", o.dropout));
    if (o.height % o.patch != 0 || o.width % o.patch != 0)
      throw Error(
          fmt::format("vit option patch is {}, which does not divide an image of {} x {}", o.patch, o.height, o.width));
    if (o.dim % o.heads != 0)
      throw Error(fmt::format("vit option heads is {}, which does not divide dim, {}", o.heads, o.dim));
    return o;
  }
};

}  // namespace gradus::models
