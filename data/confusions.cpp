#include <gradus/data/confusions.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include <gradus/data/internal/nearest.h>
#include <gradus/data/metrics.h>

namespace gradus::data {
namespace {

using Edits = std::map<std::pair<std::string, std::string>, Index>;  // (reference, output)

enum class Step : std::uint8_t { pair, left_out, inserted };

// Counts the edits of one alignment. steps[i][j] is the last step of the best alignment of reference[..i) and
// output[..j).
void count(const Tokens& reference, const Tokens& output, Edits& edits) {
  const std::size_t rows = reference.size() + 1, columns = output.size() + 1;
  std::vector<Step> steps(rows * columns, Step::inserted);
  std::vector<Index> before(columns), now(columns);
  std::iota(before.begin(), before.end(), Index{0});
  for (std::size_t i = 1; i < rows; ++i) {
    now[0] = static_cast<Index>(i);
    steps[i * columns] = Step::left_out;
    for (std::size_t j = 1; j < columns; ++j) {
      const Index pair = before[j - 1] + (reference[i - 1] == output[j - 1] ? 0 : 1);
      const Index left_out = before[j] + 1, inserted = now[j - 1] + 1;
      now[j] = std::min({pair, left_out, inserted});
      steps[i * columns + j] = now[j] == pair ? Step::pair : now[j] == left_out ? Step::left_out : Step::inserted;
    }
    std::swap(before, now);
  }
  for (std::size_t i = reference.size(), j = output.size(); i > 0 || j > 0;) {
    const Step step = steps[i * columns + j];
    const std::string wanted = step == Step::inserted ? std::string() : reference[--i];
    const std::string found = step == Step::left_out ? std::string() : output[--j];
    if (wanted != found) ++edits[{wanted, found}];
  }
}

}  // namespace

std::vector<Confusion> confusions(const std::vector<Tokens>& outputs, const std::vector<ReferenceSet>& sets,
                                  Index most) {
  check(outputs, sets);
  Edits edits;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const auto& references = sets[i].references;
    count(references[nearest_of(outputs[i], references).index], outputs[i], edits);
  }
  std::vector<Confusion> found;
  for (const auto& [tokens, times] : edits) found.push_back({tokens.first, tokens.second, times});
  std::stable_sort(found.begin(), found.end(),
                   [](const Confusion& a, const Confusion& b) { return a.count > b.count; });
  found.resize(std::min(found.size(), static_cast<std::size_t>(most)));
  return found;
}

}  // namespace gradus::data
