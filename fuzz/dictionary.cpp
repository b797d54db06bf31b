#include <algorithm>

#include <gradus/data/dictionary.h>
#include <gradus/data/internal/lines.h>

#include "memory_file.h"

using namespace gradus;
using namespace gradus::data;

// The first byte chooses the options. The rest is the file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static fuzz::MemoryFile file;
  const auto& path = file.holding(fuzz::text_of(data + 1, size - 1));
  DictionaryOptions options{.stress = (data[0] & 1) != 0 ? Stress::keep : Stress::automatic,
                            .lowercase = (data[0] & 2) != 0};

  Corpus corpus;
  if (!fuzz::accepts([&] { corpus = read_dictionary(path, options); })) return 0;
  const ReadReport& report = corpus.report;
  for (const Pair& pair : corpus.pairs) {
    fuzz::expect(!pair.source.empty() && !pair.target.empty(), "a word has characters and phones");
    for (const std::string& phone : pair.target) fuzz::expect(!phone.empty() && phone[0] != '#', "phones are phones");
  }
  for (const std::string& message : report.messages()) fuzz::check_message(message);
  fuzz::expect(report.pairs == std::ssize(corpus.pairs), "the report counts the pairs");
  if ((data[0] & 4) == 0) return 0;

  // A line that is neither a pair nor a defect is blank or a comment.
  Index others = 0;
  LineReader reader(path);
  Line line;
  while (reader.next(line)) {
    const std::size_t first = line.text.find_first_not_of(" \t\n\v\f\r");
    const bool blank = first == std::string_view::npos;
    const bool comment =
        !blank && (line.text.substr(0, 3) == ";;;" ||
                   (line.text[first] == '#' &&
                    (first + 1 == line.text.size() ||
                     std::string_view(" \t\n\v\f\r").find(line.text[first + 1]) != std::string_view::npos)));
    others += (blank && !line.too_long) || comment;
  }
  const Index reported = report.pairs + report.repeated + report.skipped;
  fuzz::expect(reported <= line.number && reported >= line.number - others, "every other line is reported");

  options.on_bad_line = OnBadLine::stop;
  const bool strict =
      fuzz::accepts([&] { fuzz::expect(read_dictionary(path, options).pairs == corpus.pairs, "same"); });
  fuzz::expect(strict == (report.skipped == 0), "only defects end the reading");
  return 0;
}
