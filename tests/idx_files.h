#pragma once

#include <string>
#include <vector>

#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/foundation/types.h>

#include "data_scratch.h"

// Small files in the idx format.
namespace gradus::data {

/// The header of an idx file: the code of the type, and one extent per axis.
inline std::string idx_header(int type, const std::vector<Index>& shape) {
  std::string bytes{'\0', '\0', static_cast<char>(type), static_cast<char>(shape.size())};
  for (const Index extent : shape)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(extent >> shift & 0xFF);
  return bytes;
}

/// Grey images of 4 x 12 pixels with noise; the label is the third that is bright. The first labels are 0, 1, 2.
struct BrightThirds {
  std::string images, labels;  // the contents of two files

  explicit BrightThirds(Index count, std::uint64_t seed = 1)
      : images(idx_header(8, {count, 4, 12})), labels(idx_header(8, {count})) {
    const Philox random(seed, 0);
    std::uint64_t drawn = 0;
    for (Index i = 0; i < count; ++i) {
      const Index label = i < 3 ? i : static_cast<Index>(random.below(drawn++, 3));
      labels += static_cast<char>(label);
      for (Index pixel = 0; pixel < 48; ++pixel)
        images += static_cast<char>(random.below(drawn++, 60) + (pixel % 12 / 4 == label ? 180 : 0));
    }
  }

  /// Writes NAME.idx.gz and NAME-labels.idx.
  void write(const Scratch& scratch, const std::string& name) const {
    scratch.write_gzip(name + ".idx.gz", images);
    scratch.write(name + "-labels.idx", labels);
  }
};

}  // namespace gradus::data
