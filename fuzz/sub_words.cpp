#include <gradus/data/sub_words.h>

#include "memory_file.h"

using namespace gradus;
using namespace gradus::data;

// A model of sub-words. SentencePiece itself is compiled without coverage.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::MemoryFile file;
  const auto& path = file.holding(fuzz::text_of(data, size));
  Tokens pieces;
  const bool split = fuzz::accepts([&] {
    const SubWords sub_words = SubWords::load(path);
    pieces = sub_words.split({"we", "walked", "日本"});
    fuzz::expect(SubWords::from_bytes(sub_words.bytes(), "again").pieces() == sub_words.pieces(), "the bytes are kept");
  });
  if (split) fuzz::expect(SubWords::join(pieces).size() <= 100, "a text has few words");
  return 0;
}
