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

/// Throws Error unless no size is negative and there are as many pixels as the sizes give.
void check(const Images& images);

/// Images and the class of each.
struct LabelledImages {
  Images images = {};              // as many as labels
  std::vector<Index> labels = {};  // of each image, from 0
};

/// The same, and unless there is a label for each image.
void check(const LabelledImages& all);

/// Reads images from an idx file of unsigned bytes, plain or gzip. Its shape is [count, height, width]; [count, height,
/// width, channels] with 1 to 4 channels; or else [count, channels, height, width] with 1 to 4 channels. Throws Error
/// as read_idx does, and for another type or shape, and for no images.
Images read_images(const std::filesystem::path& path);

/// Reads labels from an idx file of whole numbers, of shape [count]. Throws Error as read_idx does, and for another
/// type or shape, and for a negative label.
std::vector<Index> read_labels(const std::filesystem::path& path);

/// Both, in the same order. Throws Error when their counts differ.
LabelledImages read_labelled_images(const std::filesystem::path& images, const std::filesystem::path& labels);

/// The images at `rows`, in that order. Throws Error as check(LabelledImages) does, and when a row is not one of the
/// images.
LabelledImages take_rows(const LabelledImages& all, const std::vector<Index>& rows);

/// The largest ImageChanges::crop.
inline constexpr Index most_crop = 4096;

/// Random changes of training images. The numbers of an image are a function of seed, step and its place in the batch.
struct ImageChanges {
  Index crop = 0;          // an image moves by up to so many pixels along each axis; black fills the rest
  bool flip = false;       // half of the images are mirrored from left to right
  std::uint64_t seed = 0,  ///< of the run
      step = 0;            ///< of training: each has other changes
};

/// The images at rows[begin], ..., rows[end - 1] as numbers from 0 to 1, [end - begin, channels, height, width],
/// changed as those in the places begin, ..., end - 1 of a batch. Throws Error as check(Images) does, when a row is not
/// one of the images, the places are not all in `rows`, or changes.crop is not from 0 to most_crop.
Tensor pixels_of(const Images& images, const std::vector<Index>& rows, Index begin, Index end,
                 const ImageChanges& changes = {});

/// Mean and standard deviation of all pixels of a channel, as numbers from 0 to 1.
struct PixelStatistics {
  std::vector<double> mean,  ///< [channels]
      deviation;             ///< [channels]: the standard deviation
};
/// Throws Error as check(Images) does, and when there is no pixel.
PixelStatistics pixel_statistics(const Images& images);

}  // namespace gradus::data
