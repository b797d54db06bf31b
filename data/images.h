#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <gradus/autograd/engine/tensor.h>

namespace gradus::data {

/// Grey or colour images of one size.
struct Images {
  Index count = 0,                        ///< images
      channels = 0,                       ///< numbers per pixel; 1 for grey
      height = 0,                         ///< rows of pixels
      width = 0;                          ///< pixels per row
  std::vector<std::uint8_t> pixels = {};  // [count, channels, height, width], 0 is black

  Index numbers() const { return channels * height * width; }  // per image
};

/// Images and the class of each.
struct LabelledImages {
  Images images = {};              // as many as labels
  std::vector<Index> labels = {};  // of each image, from 0
};

/// Reads images from an idx file of unsigned bytes, plain or gzip. Its shape is [count, height, width]; [count, height,
/// width, channels] with 1 to 4 channels; or else [count, channels, height, width] with 1 to 4 channels. Throws Error
/// as read_idx does, and for another type or shape, and for no images.
Images read_images(const std::filesystem::path& path);

/// Reads labels from an idx file of whole numbers, of shape [count]. Throws Error as read_idx does, and for another
/// type or shape, and for a negative label.
std::vector<Index> read_labels(const std::filesystem::path& path);

/// Both, in the same order. Throws Error when their counts differ.
LabelledImages read_labelled_images(const std::filesystem::path& images, const std::filesystem::path& labels);

/// The images at `rows`, in that order.
LabelledImages take_rows(const LabelledImages& all, const std::vector<Index>& rows);

/// Random changes of training images. The numbers of an image are a function of seed, step and its place in the batch.
struct ImageChanges {
  Index crop = 0;          // an image moves by up to so many pixels along each axis; black fills the rest
  bool flip = false;       // half of the images are mirrored from left to right
  std::uint64_t seed = 0,  ///< of the run
      step = 0;            ///< of training: each has other changes
};

/// The images at rows[begin], ..., rows[end - 1] as numbers from 0 to 1, [end - begin, channels, height, width],
/// changed as those in the places begin, ..., end - 1 of a batch.
Tensor pixels_of(const Images& images, const std::vector<Index>& rows, Index begin, Index end,
                 const ImageChanges& changes = {});

/// Mean and standard deviation of all pixels of a channel, as numbers from 0 to 1.
struct PixelStatistics {
  std::vector<double> mean,  ///< [channels]
      deviation;             ///< [channels]: the standard deviation
};
PixelStatistics pixel_statistics(const Images& images);

}  // namespace gradus::data
