#include <algorithm>

#include <gradus/data/hypotheses.h>

#include "memory_file.h"

using namespace gradus;
using namespace gradus::data;

namespace {

void check_sizes(const Hypotheses& found) {
  const std::size_t n = found.texts.outputs.size();
  fuzz::expect(n > 0 && found.texts.references.size() == n, "each output has references");
  fuzz::expect(found.sources.empty() || found.sources.size() == n, "each output has a source");
  for (const auto& references : found.texts.references) fuzz::expect(!references.empty(), "there is a reference");
}

}  // namespace

// The first byte chooses the reader. The rest is a file of hypotheses, or two files with a NUL between them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static fuzz::MemoryFile first, second;
  const std::string_view text = fuzz::text_of(data + 1, size - 1);
  Hypotheses found;
  if (data[0] % 3 != 0) {
    const std::size_t end = std::min(text.find('\0'), text.size());
    const auto& outputs = first.holding(text.substr(0, end));
    const auto& others = second.holding(text.substr(std::min(end + 1, text.size())));
    const bool accepted = fuzz::accepts([&] {
      found = data[0] % 3 == 1 ? read_outputs(outputs, {others, outputs}) : read_decoded(outputs, others);
    });
    if (accepted) check_sizes(found);
    return 0;
  }
  if (!fuzz::accepts([&] { found = read_hypotheses(first.holding(text)); })) return 0;
  check_sizes(found);
  std::string lines;
  for (std::size_t i = 0; i < found.sources.size(); ++i)
    lines += hypothesis_line(found.sources[i], found.texts.outputs[i], found.texts.references[i], i % 2 == 0) + '\n';
  const Hypotheses again = read_hypotheses(first.holding(lines));
  fuzz::expect(again.sources == found.sources && again.texts.outputs == found.texts.outputs &&
                   again.texts.references == found.texts.references,
               "hypotheses are the same after writing and reading", lines);
  return 0;
}
