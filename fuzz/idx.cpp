#include <gradus/data/idx.h>
#include <gradus/data/images.h>

#include "memory_file.h"

using namespace gradus;

namespace {

/// The bytes of the file that holds these contents.
std::string written(const data::Idx& idx) {
  std::string bytes{'\0', '\0', static_cast<char>(idx.type), static_cast<char>(idx.shape.size())};
  for (const Index extent : idx.shape)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(extent >> shift & 0xFF);
  return bytes.append(idx.values.begin(), idx.values.end());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static fuzz::MemoryFile file;
  const std::string_view text = fuzz::text_of(bytes, size);
  const auto& path = file.holding(text);
  data::Idx idx;
  const bool good = fuzz::accepts([&] { idx = data::read_idx(path); });
  if (good && !text.starts_with("\x1F\x8B")) fuzz::expect(written(idx) == text, "the file is its contents");

  data::Images images;
  if (fuzz::accepts([&] { images = data::read_images(path); })) {
    fuzz::expect(good && images.count > 0, "images are an idx file");
    fuzz::expect(images.pixels.size() == idx.values.size(), "all values are pixels");
    fuzz::expect(images.count * images.numbers() == std::ssize(images.pixels), "an image has its pixels");
  }
  std::vector<Index> labels;
  if (fuzz::accepts([&] { labels = data::read_labels(path); })) {
    fuzz::expect(good && idx.shape == std::vector<Index>{std::ssize(labels)}, "a label per value");
    for (const Index label : labels) fuzz::expect(label >= 0, "a label is no negative number");
  }
  return 0;
}
