#pragma once

#include <deque>
#include <filesystem>
#include <string>

#include <gradus/data/internal/lines.h>

namespace gradus::data {

/// The lines of a file. Some can be seen before they are read.
class LineQueue {
 public:
  explicit LineQueue(const std::filesystem::path& path) : reader_(path) {}

  /// Reads the next line. It stays valid until the next call of `next`. Returns false at the end of the file.
  bool next(Line& line);

  /// The line `i` places after the one that `next` will read, or nullptr after the end of the file.
  const Line* ahead(std::size_t i);

 private:
  struct Held {
    std::string text;
    Line line;
  };

  LineReader reader_;
  std::deque<Held> held_;  // its elements do not move, so their lines stay valid
  Held current_;
};

}  // namespace gradus::data
