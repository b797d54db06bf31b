#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <gradus/autograd/engine/tensor.h>
#include <gradus/data/images.h>
#include <gradus/models/image_classifier.h>

namespace gradus::report {

/// Image i as the bytes of a PNG file.
std::string png_of(const data::Images& images, Index i);

/// The weights with which a head of a classifier reads the patches of an image.
struct PatchAttention {
  Index layer = 0, head = 0;    // from 0
  std::vector<double> weights;  // of the patches, row by row: those of the extra token, or the means over all patches
};

/// Those of all layers and heads for image i.
std::vector<PatchAttention> patch_attention(const models::ImageClassifier& classifier, const data::Images& images,
                                            Index i);

/// A picture, as a PNG file.
struct Picture {
  Index height = 0, width = 0;  // in pixels
  std::string png;
};

/// The weights of one layer, [1, heads, rows, columns], as squares of 8 x 8 pixels, darker where they are larger; the
/// heads are side by side.
Picture attention_picture(const Tensor& weights);

/// Image i, and beside it once per head of a layer, more orange where the head reads more.
Picture attention_picture(const data::Images& images, Index i, Index patch, const std::vector<PatchAttention>& heads);

}  // namespace gradus::report
