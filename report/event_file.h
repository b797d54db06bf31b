#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gradus/autograd/engine/tensor.h>

namespace gradus::files {
class RegularFile;
}

namespace gradus::report {

/// The CRC-32C of bytes (RFC 3720, section 12.1: the polynomial of Castagnoli).
std::uint32_t crc32c(std::string_view bytes);

/// Bytes as a record of TensorBoard's event files: their length (8 bytes), its checksum (4), the bytes, and theirs (4),
/// all little-endian. A checksum is a CRC-32C, rotated right by 15 bits, plus 0xA282EAD8.
std::string record(std::string_view bytes);

/// What an event holds: messages of TensorFlow's protocol buffer tensorflow.Summary.Value, in their wire format.
/// `tag` is the name under which TensorBoard shows it: "train/loss".
std::string scalar_value(const std::string& tag, double value);
/// A histogram of numbers, of any floating type, in at most 30 buckets of equal width. Numbers that are not finite are
/// left out.
std::string histogram_value(const std::string& tag, const Tensor& numbers);
/// A picture of so many pixels, as a PNG file.
std::string picture_value(const std::string& tag, Index height, Index width, const std::string& png);

/// An event file of TensorBoard: a record per tensorflow.Event. Each event is written at once.
class EventFile {
 public:
  /// Creates a new file in the folder, which is made if there is none, for the steps after `step`. Events of those
  /// steps in older files of the folder become void. Throws Error when a call of the system fails.
  EventFile(const std::filesystem::path& folder, Index step);
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  /// Writes an event with values. Throws Error when the write fails.
  void add(Index step, const std::vector<std::string>& values);

  const std::filesystem::path& path() const { return path_; }

 private:
  void write(const std::string& event);

  std::filesystem::path path_;
  std::unique_ptr<const files::RegularFile> file_;
};

}  // namespace gradus::report
