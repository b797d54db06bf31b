#include <gradus/data/images.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <gradus/autograd/foundation/error.h>
#include <gradus/autograd/foundation/sizes.h>
#include <gradus/data/idx.h>
#include <gradus/data/internal/counted.h>
#include <gradus/data/internal/draws.h>

namespace gradus::data {
namespace {

constexpr Index most_channels = 4;

bool is_channels(Index extent) { return extent >= 1 && extent <= most_channels; }

// [height * width, channels] -> [channels, height * width], in place.
void put_channels_first(std::uint8_t* pixels, Index area, Index channels, std::vector<std::uint8_t>& scratch) {
  scratch.assign(pixels, pixels + area * channels);
  for (Index i = 0; i < area; ++i)
    for (Index c = 0; c < channels; ++c) pixels[c * area + i] = scratch[static_cast<std::size_t>(i * channels + c)];
}

// A value of 1, 2 or 4 bytes, big-endian, in two's complement unless unsigned.
Index whole_number(const std::uint8_t* bytes, Index size, bool is_signed) {
  Index value = is_signed && bytes[0] >= 0x80 ? -1 : 0;
  for (Index i = 0; i < size; ++i) value = value * 256 + bytes[i];
  return value;
}

void check_row(const Images& images, Index row) {
  if (row < 0 || row >= images.count)
    throw Error(fmt::format("row {} is not one of {}", row, counted(images.count, "image")));
}

// Where an image of a batch moves: along each axis, and whether it is mirrored.
struct Move {
  Index down = 0, right = 0;
  bool flip = false;
};

Move move_of(const ImageChanges& changes, const Philox& random, Index place) {
  const auto draw = static_cast<std::uint64_t>(3 * place);
  const auto ways = static_cast<std::uint64_t>(2 * changes.crop + 1);
  return {static_cast<Index>(random.below(draw, ways)) - changes.crop,
          static_cast<Index>(random.below(draw + 1, ways)) - changes.crop,
          changes.flip && random.below(draw + 2, 2) == 1};
}

// One channel of an image, moved.
void write_channel(const std::uint8_t* from, Index height, Index width, const Move& move, float* into) {
  for (Index y = 0; y < height; ++y) {
    const Index source_y = y - move.down;
    for (Index x = 0; x < width; ++x) {
      const Index moved = x - move.right, source_x = move.flip ? width - 1 - moved : moved;
      const bool inside = source_y >= 0 && source_y < height && source_x >= 0 && source_x < width;
      into[y * width + x] = inside ? static_cast<float>(from[source_y * width + source_x]) / 255 : 0;
    }
  }
}

}  // namespace

void check(const Images& images) {
  const auto& [count, channels, height, width, pixels] = images;
  const bool sizes = std::min({count, channels, height, width}) >= 0;
  if (sizes && std::ssize(pixels) == mul_sat(mul_sat(count, channels), mul_sat(height, width))) return;
  throw Error(fmt::format("images [{}, {}, {}, {}] have {}; expected one per number of their shape", count, channels,
                          height, width, counted(std::ssize(pixels), "pixel")));
}

void check(const LabelledImages& all) {
  check(all.images);
  if (all.images.count == std::ssize(all.labels)) return;
  throw Error(fmt::format("there are {} and {}; expected one label per image", counted(all.images.count, "image"),
                          counted(std::ssize(all.labels), "label")));
}

Images read_images(const std::filesystem::path& path) {
  Idx idx = read_idx(path);
  const auto refuse = [&](const std::string& reason) { throw Error(fmt::format("{}: {}", path.string(), reason)); };
  const auto& shape = idx.shape;
  const std::size_t axes = shape.size();
  if (axes != 3 && axes != 4) {
    refuse(
        fmt::format("its shape is {}; expected images of shape [count, height, width] or [count, height, width, "
                    "channels]{}",
                    shape_text(shape), axes == 1 ? ": is it the file of the labels?" : ""));
  }
  if (idx.type != IdxType::unsigned_byte)
    refuse(
        fmt::format("its values are {}; expected images of unsigned bytes, from 0 for black to 255", name(idx.type)));
  const bool last = axes == 4 && is_channels(shape[3]);
  if (axes == 4 && !last && !is_channels(shape[1])) {
    refuse(
        fmt::format("its shape is {}; expected [count, height, width, channels] or [count, channels, height, width] "
                    "with 1 to {} channels",
                    shape_text(shape), most_channels));
  }
  Images images{.count = shape[0],
                .channels = axes == 3 ? 1
                            : last    ? shape[3]
                                      : shape[1],
                .height = axes == 3 || last ? shape[1] : shape[2],
                .width = axes == 3 || last ? shape[2] : shape[3],
                .pixels = std::move(idx.values)};
  if (images.pixels.empty()) refuse(fmt::format("it holds no images: its shape is {}", shape_text(shape)));
  std::vector<std::uint8_t> scratch;
  if (last && images.channels > 1) {
    for (Index i = 0; i < images.count; ++i) {
      put_channels_first(images.pixels.data() + i * images.numbers(), images.height * images.width, images.channels,
                         scratch);
    }
  }
  return images;
}

std::vector<Index> read_labels(const std::filesystem::path& path) {
  const Idx idx = read_idx(path);
  const auto refuse = [&](const std::string& reason) { throw Error(fmt::format("{}: {}", path.string(), reason)); };
  if (idx.shape.size() != 1) {
    refuse(fmt::format("its shape is {}; expected labels of shape [count]{}", shape_text(idx.shape),
                       idx.shape.size() > 2 ? ": is it the file of the images?" : ""));
  }
  if (idx.type == IdxType::float32 || idx.type == IdxType::float64)
    refuse(fmt::format("its values are {}; expected labels, which are whole numbers", name(idx.type)));
  const Index size = idx.shape[0] == 0 ? 1 : std::ssize(idx.values) / idx.shape[0];
  std::vector<Index> labels;
  for (Index i = 0; i < idx.shape[0]; ++i) {
    labels.push_back(whole_number(idx.values.data() + i * size, size, idx.type != IdxType::unsigned_byte));
    if (labels.back() < 0) refuse(fmt::format("label {} is {}; expected 0 or more", i, labels.back()));
  }
  return labels;
}

LabelledImages read_labelled_images(const std::filesystem::path& images, const std::filesystem::path& labels) {
  LabelledImages all{read_images(images), read_labels(labels)};
  if (all.images.count == std::ssize(all.labels)) return all;
  throw Error(fmt::format("{} has {} and {} has {}; expected one label per image", images.string(),
                          counted(all.images.count, "image"), labels.string(),
                          counted(std::ssize(all.labels), "label")));
}

LabelledImages take_rows(const LabelledImages& all, const std::vector<Index>& rows) {
  check(all);
  for (const Index row : rows) check_row(all.images, row);
  LabelledImages taken{{.count = std::ssize(rows),
                        .channels = all.images.channels,
                        .height = all.images.height,
                        .width = all.images.width}};
  taken.images.pixels.reserve(static_cast<std::size_t>(taken.images.count * all.images.numbers()));
  for (const Index row : rows) {
    const auto begin = all.images.pixels.begin() + row * all.images.numbers();
    taken.images.pixels.insert(taken.images.pixels.end(), begin, begin + all.images.numbers());
    taken.labels.push_back(all.labels[static_cast<std::size_t>(row)]);
  }
  return taken;
}

Tensor pixels_of(const Images& images, const std::vector<Index>& rows, Index begin, Index end,
                 const ImageChanges& changes) {
  check(images);
  if (begin < 0 || end < begin || end > std::ssize(rows))
    throw Error(fmt::format("the places [{}, {}) are not all in a list of {} rows", begin, end, rows.size()));
  if (changes.crop < 0 || changes.crop > most_crop)
    throw Error(fmt::format("the crop of images is {}; expected 0 to {} pixels", changes.crop, most_crop));
  for (Index place = begin; place < end; ++place) check_row(images, rows[static_cast<std::size_t>(place)]);
  const Philox random = stream_of(changes.seed, Purpose::image_changes, changes.step);
  const Index area = images.height * images.width;
  std::vector<float> numbers(static_cast<std::size_t>((end - begin) * images.numbers()));
  for (Index place = begin; place < end; ++place) {
    const std::uint8_t* from = images.pixels.data() + rows[static_cast<std::size_t>(place)] * images.numbers();
    float* into = numbers.data() + (place - begin) * images.numbers();
    const Move move = move_of(changes, random, place);
    for (Index c = 0; c < images.channels; ++c)
      write_channel(from + c * area, images.height, images.width, move, into + c * area);
  }
  return Tensor::from(std::move(numbers), {end - begin, images.channels, images.height, images.width});
}

PixelStatistics pixel_statistics(const Images& images) {
  check(images);
  if (images.pixels.empty()) throw Error("there are no pixels; expected at least one image");
  PixelStatistics found;
  const Index area = images.height * images.width;
  for (Index c = 0; c < images.channels; ++c) {
    Index sum = 0, squares = 0;  // exact: at most 2^32 values of 255^2
    for (Index i = 0; i < images.count; ++i) {
      const std::uint8_t* from = images.pixels.data() + i * images.numbers() + c * area;
      for (Index p = 0; p < area; ++p) {
        sum += from[p];
        squares += from[p] * from[p];
      }
    }
    const auto n = static_cast<double>(images.count * area);
    const double mean = static_cast<double>(sum) / n;
    found.mean.push_back(mean / 255);
    found.deviation.push_back(std::sqrt(std::max(static_cast<double>(squares) / n - mean * mean, 0.0)) / 255);
  }
  return found;
}

}  // namespace gradus::data
