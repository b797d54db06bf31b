#include <gradus/data/idx.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fcntl.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <gradus/data/internal/byte_reader.h>

namespace gradus::data {
namespace {

constexpr Index most_bytes = Index{1} << 32;

struct TypeRow {
  IdxType type;
  Index bytes;  // per value
  const char* name;
};

constexpr TypeRow types[] = {
    {IdxType::unsigned_byte, 1, "unsigned bytes"}, {IdxType::signed_byte, 1, "signed bytes"},
    {IdxType::int16, 2, "16-bit whole numbers"},   {IdxType::int32, 4, "32-bit whole numbers"},
    {IdxType::float32, 4, "32-bit floats"},        {IdxType::float64, 8, "64-bit floats"},
};

class IdxFile {
 public:
  explicit IdxFile(const std::filesystem::path& path) : path_(path.string()), bytes_(open(), error()) {}

  Idx read() {
    Idx idx;
    const TypeRow& type = read_magic();
    idx.type = type.type;
    Index total = type.bytes;
    for (Index axis = 0; axis < axes_; ++axis) {
      const Index extent = read_extent(axis);
      idx.shape.push_back(extent);
      if (total != 0 && extent > most_bytes / total) {
        throw error()(
            fmt::format("its header states an extent of {} for axis {}, which makes more than {} bytes of values",
                        extent, axis, most_bytes));
      }
      total *= extent;
    }
    read_values(idx, total);
    return idx;
  }

 private:
  int open() const {
    std::error_code ignored;
    if (std::filesystem::is_directory(path_, ignored)) throw error()("a folder; expected an idx file");
    const int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) throw error()(fmt::format("cannot be opened: {}", std::strerror(errno)));
    return file;
  }

  ByteReader::MakeError error() const {
    return [path = path_](const std::string& reason) { return Error(fmt::format("{}: {}", path, reason)); };
  }

  // The next four bytes of the header.
  std::array<std::uint8_t, 4> read_word(const std::string& what) {
    std::array<std::uint8_t, 4> word{};
    const std::size_t got = bytes_.read(reinterpret_cast<char*>(word.data()), word.size());
    if (got < word.size()) throw error()(fmt::format("it ends inside {} of an idx file", what));
    return word;
  }

  // Two zeros, the type of the values, the number of axes.
  const TypeRow& read_magic() {
    const auto word = read_word("the first four bytes");
    if (word[0] != 0 || word[1] != 0) {
      throw error()(
          fmt::format("not an idx file: it begins with the bytes {:02X} {:02X}, expected 00 00", word[0], word[1]));
    }
    const auto* const type = std::find_if(std::begin(types), std::end(types),
                                          [&](const TypeRow& row) { return static_cast<int>(row.type) == word[2]; });
    if (type == std::end(types)) {
      throw error()(
          fmt::format("the type of its values is {:02X} (third byte); expected 08 (unsigned bytes), 09, 0B, 0C, 0D "
                      "or 0E",
                      word[2]));
    }
    if (word[3] == 0) throw error()("its header states no axes (fourth byte); images have at least three, labels one");
    axes_ = word[3];
    return *type;
  }

  Index read_extent(Index axis) {
    Index extent = 0;
    for (const std::uint8_t byte : read_word(fmt::format("the extent of axis {}", axis))) extent = extent * 256 + byte;
    return extent;
  }

  void read_values(Idx& idx, Index total) {
    constexpr Index piece = 1 << 20;
    Index have = 0;
    while (have < total) {
      const Index wanted = std::min(total - have, std::max(piece, have));
      idx.values.resize(static_cast<std::size_t>(have + wanted));
      const auto got = static_cast<Index>(
          bytes_.read(reinterpret_cast<char*>(idx.values.data()) + have, static_cast<std::size_t>(wanted)));
      have += got;
      if (got == wanted) continue;
      throw error()(fmt::format("it ends after {} of the {} bytes of values that its header states ({} of shape {})",
                                have, total, name(idx.type), shape_text(idx.shape)));
    }
    char more = 0;
    if (bytes_.read(&more, 1) == 0) return;
    throw error()(fmt::format("bytes follow the {} bytes of values that its header states ({} of shape {})", total,
                              name(idx.type), shape_text(idx.shape)));
  }

  std::string path_;
  ByteReader bytes_;
  Index axes_ = 0;
};

}  // namespace

Idx read_idx(const std::filesystem::path& path) { return IdxFile(path).read(); }

std::string shape_text(const std::vector<Index>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

const char* name(IdxType type) {
  return std::find_if(std::begin(types), std::end(types), [&](const TypeRow& row) { return row.type == type; })->name;
}

}  // namespace gradus::data
