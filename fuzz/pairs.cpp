#include <gradus/data/internal/lines.h>

#include "corpus_checks.h"
#include "memory_file.h"

using namespace gradus;
using namespace gradus::data;

// The first byte chooses the options. The rest is the file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static fuzz::MemoryFile file;
  const auto& path = file.holding(fuzz::text_of(data + 1, size - 1));
  PairOptions options = fuzz::pair_options(data[0]);

  Corpus corpus;
  if (!fuzz::accepts([&] { corpus = read_pairs(path, options); })) return 0;
  const ReadReport& report = corpus.report;
  fuzz::check_pairs(corpus);
  if ((data[0] & 8) == 0) return 0;

  LineReader reader(path);
  Line line;
  while (reader.next(line)) {
  }
  fuzz::expect(report.pairs + report.skipped == line.number, "each line is a pair or a defect");

  options.on_bad_line = OnBadLine::stop;
  const bool strict = fuzz::accepts([&] { fuzz::expect(read_pairs(path, options).pairs == corpus.pairs, "same"); });
  fuzz::expect(strict == (report.skipped == 0), "only defects end the reading");
  return 0;
}
