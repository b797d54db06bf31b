#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <gradus/autograd/foundation/types.h>
#include <gradus/data/internal/byte_reader.h>

namespace gradus::data {

/// A line of a text file, without its line end.
struct Line {
  std::string_view path;  // of its file; valid as long as the reader
  std::string_view text;  // valid until the next line is read; empty if too_long
  Index number = 0;       // from 1
  bool too_long = false;  // more than LineReader::longest bytes, which were skipped
};

/// A defect of a line's text, and the offset of its first byte.
struct Flaw {
  std::size_t offset = 0;
  std::string reason;
};

/// The first flaw of a line: more than LineReader::longest bytes, a NUL, a carriage return, bytes that are not UTF-8.
std::optional<Flaw> flaw_of(const Line& line);

/// Reads a text file, plain or gzip, line by line in constant memory. A byte-order mark is skipped; LF and CRLF end a
/// line. Lines may hold any bytes: callers check them with `flaw_of`.
class LineReader {
 public:
  static constexpr std::size_t longest = std::size_t{1} << 20;

  /// Throws Error when the file is missing, a folder, unreadable, or clearly not UTF-8 text (UTF-16, archives, ...).
  explicit LineReader(const std::filesystem::path& path);
  /// Reads the rest of an open file, which stays open. Messages call it `name`.
  LineReader(int file, std::string name);

  /// Reads the next line. Returns false at the end of the file. Throws Error when reading fails or a gzip file is
  /// damaged.
  bool next(Line& line);

 private:
  void start(int file);
  bool fill();
  void refuse_binary() const;

  std::string path_;
  std::optional<ByteReader> bytes_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::string line_;
  Index number_ = 0;
};

}  // namespace gradus::data
