#include <fmt/format.h>

#include <limits>
#include <set>

#include <gradus/data/idx.h>
#include <gradus/data/image_tasks.h>
#include <gradus/data/images.h>

#include "idx_files.h"

namespace gradus::data::data_images_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using namespace std::string_literals;

std::vector<float> numbers(const Tensor& t) { return {t.data<float>(), t.data<float>() + t.numel()}; }

// One grey image of 2 x 3 pixels.
Images small_image() { return {1, 1, 2, 3, {0, 51, 102, 153, 204, 255}}; }

}  // namespace

TEST_CASE("an idx file of each type is read, plain and compressed") {
  const Scratch scratch;
  const std::pair<int, int> types[] = {{8, 1}, {9, 1}, {0xB, 2}, {0xC, 4}, {0xD, 4}, {0xE, 8}};
  for (const auto& [type, bytes] : types) {
    const std::string values(static_cast<std::size_t>(6 * bytes), '\x81');
    const std::string file = idx_header(type, {2, 3}) + values;
    for (const auto& path : {scratch.write("plain", file), scratch.write_gzip("packed", file)}) {
      const Idx idx = read_idx(path);
      CHECK(static_cast<int>(idx.type) == type);
      CHECK(idx.shape == std::vector<Index>{2, 3});
      CHECK(std::string(idx.values.begin(), idx.values.end()) == values);
    }
  }
  CHECK(read_idx(scratch.write("none", idx_header(8, {0, 4}))).values.empty());
  const std::string large = idx_header(8, {3, 1 << 20}) + std::string(3 << 20, 'x');
  CHECK(read_idx(scratch.write("large", large)).values.size() == 3 << 20);
}

TEST_CASE("an idx file with a defect is refused with the file and what was expected") {
  const Scratch scratch;
  const auto refused = [&](const std::string& bytes, const std::string& message) {
    const auto path = scratch.write("x.idx", bytes);
    CHECK_THROWS_WITH(read_idx(path), ContainsSubstring(path.string() + ": " + message));
  };
  refused("", "it ends inside the first four bytes of an idx file");
  refused("\0\0\x08"s, "it ends inside the first four bytes");
  refused("\x89PNG", "not an idx file: it begins with the bytes 89 50, expected 00 00");
  refused("\0\1\x08\1"s, "not an idx file: it begins with the bytes 00 01");
  refused("\0\0\x0A\1"s, "the type of its values is 0A (third byte); expected 08 (unsigned bytes), 09");
  refused("\0\0\x08\0"s, "its header states no axes (fourth byte)");
  refused(idx_header(8, {2, 3}).substr(0, 10), "it ends inside the extent of axis 1 of an idx file");
  refused(idx_header(8, {2, 3}) + "12345",
          "it ends after 5 of the 6 bytes of values that its header states (unsigned "
          "bytes of shape [2, 3])");
  refused(idx_header(11, {2}) + "12345",
          "bytes follow the 4 bytes of values that its header states (16-bit whole "
          "numbers of shape [2])");
  refused(idx_header(8, {0}) + "1", "bytes follow the 0 bytes");
  CHECK_THROWS_WITH(read_idx(scratch.folder() / "absent"), ContainsSubstring("absent: cannot be opened: No such file"));
  CHECK_THROWS_WITH(read_idx(scratch.folder()), ContainsSubstring(": a folder; expected an idx file"));
  const auto packed = scratch.write_gzip("x.gz", idx_header(8, {6}) + "123456");
  CHECK_THROWS_WITH(read_idx(scratch.write("cut.gz", contents(packed).substr(0, 20))),
                    ContainsSubstring("cut.gz: it ends too early"));
}

TEST_CASE("an idx file takes no more memory than its bytes, whatever its header states") {
  const Scratch scratch;
  const auto refused = [&](const std::vector<Index>& shape, const std::string& message) {
    CHECK_THROWS_WITH(read_idx(scratch.write_gzip("x.idx", idx_header(14, shape) + "1")), ContainsSubstring(message));
  };
  refused({4'000'000'000, 4'000'000'000}, "an extent of 4000000000 for axis 0, which makes more than 4294967296 bytes");
  refused({1 << 16, 1 << 16, 1 << 16}, "an extent of 65536 for axis 1, which makes more than");
  refused({1 << 29}, "it ends after 1 of the 4294967296 bytes");
}

TEST_CASE("images may be grey or have channels, which come last or first in the file") {
  const Scratch scratch;
  const auto read = [&](const std::vector<Index>& shape, const std::string& values) {
    return read_images(scratch.write("x.idx", idx_header(8, shape) + values));
  };
  const Images grey = read({2, 2, 3}, "abcdefghijkl");
  CHECK(std::tuple(grey.count, grey.channels, grey.height, grey.width) == std::tuple(2, 1, 2, 3));
  CHECK(std::string(grey.pixels.begin(), grey.pixels.end()) == "abcdefghijkl");
  const Images last = read({2, 1, 3, 2}, "aAbBcCdDeEfF");
  CHECK(std::tuple(last.count, last.channels, last.height, last.width) == std::tuple(2, 2, 1, 3));
  CHECK(std::string(last.pixels.begin(), last.pixels.end()) == "abcABCdefDEF");
  const Images first = read({1, 2, 1, 5}, "abcdeABCDE");
  CHECK(std::tuple(first.count, first.channels, first.height, first.width) == std::tuple(1, 2, 1, 5));
  CHECK(std::string(first.pixels.begin(), first.pixels.end()) == "abcdeABCDE");
  CHECK(read({1, 2, 2, 1}, "abcd").channels == 1);
}

TEST_CASE("files that hold no images or labels are refused") {
  const Scratch scratch;
  const auto images = [&](const std::string& bytes, const std::string& message) {
    CHECK_THROWS_WITH(read_images(scratch.write("x.idx", bytes)), ContainsSubstring("x.idx: " + message));
  };
  images(idx_header(8, {2}) + "ab",
         "its shape is [2]; expected images of shape [count, height, width] or [count, "
         "height, width, channels]: is it the file of the labels?");
  images(idx_header(8, {2, 1}) + "ab", "its shape is [2, 1]; expected images");
  images(idx_header(9, {1, 1, 2}) + "ab", "its values are signed bytes; expected images of unsigned bytes");
  images(idx_header(8, {1, 5, 1, 5}) + std::string(25, 'a'), "its shape is [1, 5, 1, 5]; expected [count, height");
  images(idx_header(8, {0, 5, 5}), "it holds no images: its shape is [0, 5, 5]");
  const auto labels = [&](const std::string& bytes) { return read_labels(scratch.write("x.idx", bytes)); };
  CHECK(labels(idx_header(8, {3}) + "\0\x7F\xFF"s) == std::vector<Index>{0, 127, 255});
  CHECK(labels(idx_header(9, {2}) + "\0\x7F"s) == std::vector<Index>{0, 127});
  CHECK(labels(idx_header(11, {2}) + "\0\x07\x01\x02"s) == std::vector<Index>{7, 258});
  CHECK(labels(idx_header(12, {1}) + "\0\x01\0\0"s) == std::vector<Index>{65536});
  CHECK(labels(idx_header(8, {0})).empty());
  CHECK_THROWS_WITH(labels(idx_header(12, {2}) + "\0\0\0\1\xFF\xFF\xFF\xFE"s),
                    EndsWith("x.idx: label 1 is -2; expected 0 or more"));
  CHECK_THROWS_WITH(labels(idx_header(13, {1}) + "abcd"), ContainsSubstring("32-bit floats; expected labels"));
  CHECK_THROWS_WITH(labels(idx_header(14, {1}) + "abcdefgh"), ContainsSubstring("64-bit floats; expected labels"));
  CHECK_THROWS_WITH(labels(idx_header(8, {1, 1, 1}) + "a"),
                    EndsWith("of shape [count]: is it the file of the images?"));
  CHECK_THROWS_WITH(labels(idx_header(8, {1, 1}) + "a"), EndsWith("expected labels of shape [count]"));
  CHECK_THROWS_WITH(read_labelled_images(scratch.write("a", idx_header(8, {2, 1, 1}) + "ab"),
                                         scratch.write("b", idx_header(8, {1}) + "a")),
                    ContainsSubstring("a has 2 images and ") && ContainsSubstring("b has 1 label; expected one"));
}

TEST_CASE("images move and are mirrored as functions of seed, step and place") {
  const Images image = small_image();
  const std::vector<Index> rows(200, 0);
  CHECK(numbers(pixels_of(image, {0}, 0, 1)) == std::vector<float>{0, 0.2F, 0.4F, 0.6F, 0.8F, 1});
  const ImageChanges changes{.crop = 1, .flip = true, .seed = 3, .step = 5};
  const Tensor all = pixels_of(image, rows, 0, 200, changes);
  const std::vector<float> part = numbers(pixels_of(image, rows, 70, 90, changes)), whole = numbers(all);
  CHECK(std::equal(part.begin(), part.end(), whole.begin() + 70 * 6));
  ImageChanges other = changes;
  other.step = 6;
  CHECK(numbers(pixels_of(image, rows, 0, 200, other)) != whole);

  std::set<std::vector<float>> seen;
  for (std::size_t i = 0; i < 200; ++i)
    seen.insert(
        {whole.begin() + static_cast<std::ptrdiff_t>(6 * i), whole.begin() + static_cast<std::ptrdiff_t>(6 * i + 6)});
  CHECK(seen.size() == 18);  // three moves along each axis, mirrored or not
  CHECK(seen.contains({0, 0.2F, 0.4F, 0.6F, 0.8F, 1}));
  CHECK(seen.contains({0.4F, 0.2F, 0, 1, 0.8F, 0.6F}));
  CHECK(seen.contains({0, 0, 0, 0, 0, 0.2F}));     // down and right
  CHECK(seen.contains({0.8F, 1, 0, 0, 0, 0}));     // up and left
  CHECK(seen.contains({0.8F, 0.6F, 0, 0, 0, 0}));  // mirrored, then up and left
}

TEST_CASE("each channel of an image moves alike, and rows are taken in order") {
  const Images two{2, 2, 1, 2, {0, 255, 51, 102, 255, 0, 204, 153}};
  const Tensor moved = pixels_of(two, {1, 0}, 0, 2, {.flip = true, .seed = 1, .step = 0});
  const std::vector<float> found = numbers(moved);
  CHECK(moved.shape() == Shape{2, 2, 1, 2});
  const bool first = found[0] == 1, second = found[4] == 0;
  CHECK(found == std::vector<float>{first ? 1.F : 0, first ? 0 : 1.F, first ? 0.8F : 0.6F, first ? 0.6F : 0.8F,
                                    second ? 0 : 1.F, second ? 1.F : 0, second ? 0.2F : 0.4F, second ? 0.4F : 0.2F});
  const LabelledImages taken = take_rows({two, {7, 8}}, {1});
  CHECK(taken.images.count == 1);
  CHECK(taken.images.pixels == std::vector<std::uint8_t>{255, 0, 204, 153});
  CHECK(taken.labels == std::vector<Index>{8});
}

TEST_CASE("mean and deviation of pixels are of each channel") {
  const PixelStatistics found = pixel_statistics({2, 2, 1, 2, {0, 255, 51, 51, 255, 0, 51, 51}});
  REQUIRE(found.mean.size() == 2);
  CHECK(found.mean[0] == Approx(0.5));
  CHECK(found.deviation[0] == Approx(0.5));
  CHECK(found.mean[1] == Approx(0.2));
  CHECK(found.deviation[1] == 0);
}

TEST_CASE("a task of images needs a package, which the message names") {
  const Scratch scratch;
  CHECK(image_task_names() == std::vector<std::string>{"fashion-mnist"});
  CHECK(is_image_task("fashion-mnist"));
  CHECK_FALSE(is_image_task("copy"));
  CHECK(image_task_classes("fashion-mnist").size() == 10);
  CHECK_THROWS_WITH(image_task_files("fashion-mnist", Split::train, scratch.folder()),
                    ContainsSubstring("fashion-mnist/train-images-idx3-ubyte.gz, which is absent: install Debian's "
                                      "package dataset-fashion-mnist (apt-get install dataset-fashion-mnist)"));
  std::filesystem::create_directory(scratch.folder() / "fashion-mnist");
  for (const char* name : {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz"})
    scratch.write(std::string("fashion-mnist/") + name, "");
  CHECK(image_task_files("fashion-mnist", Split::train, scratch.folder()).labels ==
        scratch.folder() / "fashion-mnist/train-labels-idx1-ubyte.gz");
  CHECK_THROWS_WITH(image_task_files("fashion-mnist", Split::test, scratch.folder()),
                    ContainsSubstring("t10k-labels-idx1-ubyte.gz, which is absent"));
  CHECK_THROWS_WITH(image_task_files("mnist", Split::test), ContainsSubstring("no task of images \"mnist\""));
}

TEST_CASE("rows, places and moves that images do not have are refused") {
  const Images two{2, 1, 2, 2, {0, 1, 2, 3, 4, 5, 6, 7}};
  for (const Index row : {Index{-1}, Index{2}, Index{100'000'000}}) {
    const std::string message = fmt::format("row {} is not one of 2 images", row);
    CHECK_THROWS_WITH(pixels_of(two, {0, row}, 0, 2), ContainsSubstring(message));
    CHECK_THROWS_WITH(take_rows({two, {0, 1}}, {0, row}), ContainsSubstring(message));
  }
  CHECK(pixels_of(two, {0, -1}, 0, 1).size(0) == 1);  // a place that is not asked for
  constexpr std::pair<Index, Index> places[] = {{0, 3}, {1, 0}, {-1, 1}};
  for (const auto& [begin, end] : places)
    CHECK_THROWS_WITH(pixels_of(two, {0, 1}, begin, end), ContainsSubstring("are not all in a list of 2 rows"));
  for (const Index crop : {Index{-1}, most_crop + 1, std::numeric_limits<Index>::max()})
    CHECK_THROWS_WITH(pixels_of(two, {0}, 0, 1, {.crop = crop}), ContainsSubstring("expected 0 to 4096 pixels"));
  CHECK(pixels_of(two, {0}, 0, 1, {.crop = most_crop}).numel() == 4);
}

TEST_CASE("images whose pixels do not fit their sizes are refused") {
  const Images cases[] = {{1, 1, 4000, 4000, {}},
                          {1, -1, -2, 2, {1, 2, 3, 4}},
                          {2, 1, 2, 2, {1, 2, 3, 4}},
                          {Index{1} << 32, 1, Index{1} << 32, 1, {}}};
  for (const Images& images : cases) {
    CHECK_THROWS_WITH(pixels_of(images, {0}, 0, 1), ContainsSubstring("expected one per number of their shape"));
    CHECK_THROWS_WITH(take_rows({images, {0}}, {0}), ContainsSubstring("expected one per number of their shape"));
    CHECK_THROWS_WITH(pixel_statistics(images), ContainsSubstring("expected one per number of their shape"));
  }
  CHECK_THROWS_WITH(take_rows({small_image(), {}}, {0}), ContainsSubstring("there are 1 image and 0 labels"));
  for (const Images& none : {Images{}, Images{0, 1, 2, 2, {}}})
    CHECK_THROWS_WITH(pixel_statistics(none), ContainsSubstring("there are no pixels"));
}

}  // namespace gradus::data::data_images_test
