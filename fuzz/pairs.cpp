#include <algorithm>

#include "data/corpus.h"
#include "data/lines.h"
#include "fuzz/memory_file.h"

using namespace gradus;
using namespace gradus::data;

namespace {

bool sound(const Tokens& tokens) {
  return !tokens.empty() && std::all_of(tokens.begin(), tokens.end(), [](const std::string& token) {
    return !token.empty() && token.find('\0') == std::string::npos && find_invalid_utf8(token) == std::string::npos;
  });
}

}  // namespace

// The first byte chooses the options, the rest is the file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static fuzz::MemoryFile file;
  const auto& path = file.holding(fuzz::text_of(data + 1, size - 1));
  PairOptions options;
  if (data[0] & 1) options.source_tokens = Tokenizer::whitespace;
  if (data[0] & 2) options.target_tokens = Tokenizer::characters;
  options.lowercase = (data[0] & 4) != 0;

  Corpus corpus;
  if (!fuzz::accepts([&] { corpus = read_pairs(path, options); })) return 0;
  const ReadReport& report = corpus.report;
  for (const Pair& pair : corpus.pairs) fuzz::expect(sound(pair.source) && sound(pair.target), "pairs hold text");
  for (const std::string& message : report.messages()) fuzz::check_message(message);
  fuzz::expect(report.pairs == std::ssize(corpus.pairs), "the report counts the pairs");
  fuzz::expect(std::ssize(report.defects) == std::min(report.skipped, ReadReport::most_kept), "defects are kept");
  if ((data[0] & 8) == 0) return 0;

  LineReader reader(path);
  Line line;
  while (reader.next(line)) {
  }
  fuzz::expect(report.pairs + report.skipped == line.number, "each line is a pair or a defect");

  options.on_bad_line = OnBadLine::stop;
  const bool strict = fuzz::accepts([&] { fuzz::expect(read_pairs(path, options).pairs == corpus.pairs, "same"); });
  fuzz::expect(strict == (report.skipped == 0), "only defects stop the reading");
  return 0;
}
