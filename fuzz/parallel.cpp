#include <gradus/data/internal/lines.h>

#include "corpus_checks.h"
#include "memory_file.h"

using namespace gradus;
using namespace gradus::data;

namespace {

Index lines_in(const std::filesystem::path& path) {
  LineReader reader(path);
  Line line;
  while (reader.next(line)) {
  }
  return line.number;
}

}  // namespace

// The first byte chooses the options. The rest is the sources and, after a line "=====", the targets.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr std::string_view cut = "=====\n";
  const std::string_view text = fuzz::text_of(data + 1, size - 1);
  const std::size_t at = std::min(text.find(cut), text.size());
  static fuzz::MemoryFile source_file, target_file;
  const auto& sources = source_file.holding(text.substr(0, at));
  const auto& targets = target_file.holding(text.substr(std::min(at + cut.size(), text.size())));
  PairOptions options = fuzz::pair_options(data[0]);

  Corpus corpus;
  if (!fuzz::accepts([&] { corpus = read_parallel(sources, targets, options); })) return 0;
  fuzz::check_pairs(corpus);
  if ((data[0] & 8) == 0) return 0;

  const Index reported = corpus.report.pairs + corpus.report.skipped;
  fuzz::expect(lines_in(sources) == reported && lines_in(targets) == reported, "each line is in a pair or a defect");

  options.on_bad_line = OnBadLine::stop;
  const bool strict =
      fuzz::accepts([&] { fuzz::expect(read_parallel(sources, targets, options).pairs == corpus.pairs, "same"); });
  fuzz::expect(strict == (corpus.report.skipped == 0), "only defects end the reading");
  return 0;
}
