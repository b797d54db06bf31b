#include <gradus/data/vocabulary.h>

#include "memory_file.h"

using namespace gradus;
using namespace gradus::data;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::MemoryFile file;
  Vocabulary vocabulary;
  if (!fuzz::accepts([&] { vocabulary = Vocabulary::load(file.holding(fuzz::text_of(data, size))); })) return 0;
  for (Id id = unk_id + 1; id < vocabulary.size(); ++id) {
    fuzz::expect(vocabulary.id(vocabulary.token(id)) == id, "a token has one id");
    fuzz::expect(files::find_invalid_utf8(vocabulary.token(id)) == std::string::npos, "a token is UTF-8");
  }
  fuzz::expect(Vocabulary::load(file.holding(vocabulary.to_text())) == vocabulary,
               "a vocabulary is the same after writing and reading");
  return 0;
}
