#include <gradus/report/pictures.h>

#include <algorithm>
#include <array>
#include <cmath>

#include <gradus/autograd/engine/modes.h>
#include <gradus/files/internal/png.h>
#include <gradus/nn/training.h>

namespace gradus::report {
namespace {

constexpr Index gap = 4;  // pixels between two parts of a picture

// White pixels, [height, width, channels].
struct Canvas {
  Index height, width, channels;
  std::vector<std::uint8_t> pixels =
      std::vector<std::uint8_t>(static_cast<std::size_t>(height * width * channels), 255);

  std::uint8_t& at(Index y, Index x, Index channel) {
    return pixels[static_cast<std::size_t>((y * width + x) * channels + channel)];
  }
  Picture picture() const { return {height, width, files::png(height, width, channels, pixels)}; }
};

std::uint8_t byte(double level) {
  return static_cast<std::uint8_t>(std::lround(255 * std::clamp(std::isfinite(level) ? level : 0, 0.0, 1.0)));
}

}  // namespace

std::string png_of(const data::Images& images, Index i) {
  const Index area = images.height * images.width;
  const std::uint8_t* planes = images.pixels.data() + i * images.numbers();
  std::vector<std::uint8_t> pixels;
  for (Index at = 0; at < area; ++at)
    for (Index c = 0; c < images.channels; ++c) pixels.push_back(planes[c * area + at]);
  return files::png(images.height, images.width, images.channels, pixels);
}

std::vector<PatchAttention> patch_attention(const models::ImageClassifier& classifier, const data::Images& images,
                                            Index i) {
  const NoGrad no_grad;
  const nn::Training in_use(false);
  std::vector<PatchAttention> maps;
  const std::vector<Tensor> layers = classifier.attention_weights(data::pixels_of(images, {i}, 0, 1));
  for (Index layer = 0; layer < std::ssize(layers); ++layer) {
    const Tensor& weights = layers[static_cast<std::size_t>(layer)];  // [1, heads, S, S]
    const Index positions = weights.size(3), extra = classifier.vit.cls.defined() ? 1 : 0,
                readers = extra == 1 ? 1 : positions;
    for (Index head = 0; head < weights.size(1); ++head) {
      std::vector<double> sums(static_cast<std::size_t>(positions - extra));
      const float* rows = weights.data<float>() + head * positions * positions;
      for (Index reader = 0; reader < readers; ++reader) {
        for (Index patch = extra; patch < positions; ++patch) {
          sums[static_cast<std::size_t>(patch - extra)] +=
              static_cast<double>(rows[reader * positions + patch]) / static_cast<double>(readers);
        }
      }
      maps.push_back({layer, head, std::move(sums)});
    }
  }
  return maps;
}

Picture attention_picture(const Tensor& weights) {
  constexpr Index square = 8;
  const Index heads = weights.size(1), rows = weights.size(2), columns = weights.size(3);
  Canvas canvas{rows * square, heads * (columns * square + gap) - gap, 1};
  for (Index head = 0; head < heads; ++head) {
    const float* values = weights.data<float>() + head * rows * columns;
    for (Index y = 0; y < rows * square; ++y) {
      for (Index x = 0; x < columns * square; ++x) {
        const float weight = values[y / square * columns + x / square];
        canvas.at(y, head * (columns * square + gap) + x, 0) = byte(1 - static_cast<double>(weight));
      }
    }
  }
  return canvas.picture();
}

Picture attention_picture(const data::Images& images, Index i, Index patch, const std::vector<PatchAttention>& heads) {
  constexpr std::array<double, 3> orange = {1, 0.55, 0};
  const Index scale = std::max<Index>(1, 112 / images.height), height = images.height * scale,
              width = images.width * scale, area = images.height * images.width;
  Canvas canvas{height, (std::ssize(heads) + 1) * (width + gap) - gap, 3};
  for (Index part = 0; part <= std::ssize(heads); ++part) {
    const std::vector<double> none, &weights = part == 0 ? none : heads[static_cast<std::size_t>(part - 1)].weights;
    const double most = weights.empty() ? 1 : std::max(1e-9, *std::max_element(weights.begin(), weights.end()));
    for (Index y = 0; y < height; ++y) {
      for (Index x = 0; x < width; ++x) {
        const Index at = y / scale * images.width + x / scale,
                    cell = y / scale / patch * (images.width / patch) + x / scale / patch;
        const double share = weights.empty() ? 0 : 0.8 * weights[static_cast<std::size_t>(cell)] / most;
        for (Index c = 0; c < 3; ++c) {
          const Index plane = images.channels >= 3 ? c : 0;
          const double level =
              images.pixels[static_cast<std::size_t>(i * images.numbers() + plane * area + at)] / 255.0;
          canvas.at(y, part * (width + gap) + x, c) =
              byte(share * orange[static_cast<std::size_t>(c)] + (1 - share) * level);
        }
      }
    }
  }
  return canvas.picture();
}

}  // namespace gradus::report
