#include <gradus/data/metrics.h>

#include <fmt/format.h>

#include <algorithm>

#include <gradus/autograd/foundation/error.h>
#include <gradus/autograd/foundation/internal/edit_distance.h>
#include <gradus/data/internal/nearest.h>

namespace gradus::data {

Index edit_distance(const Tokens& a, const Tokens& b) { return gradus::edit_distance(a, b); }

void check(const std::vector<Tokens>& hypotheses, const std::vector<ReferenceSet>& sets) {
  if (hypotheses.size() != sets.size())
    throw Error(fmt::format("{} hypotheses for {} sources; expected one for each", hypotheses.size(), sets.size()));
  if (sets.empty()) throw Error("there is nothing to score; expected at least one source");
  for (std::size_t i = 0; i < sets.size(); ++i)
    if (sets[i].references.empty())
      throw Error(fmt::format("source {} has no reference; expected at least one", i + 1));
}

Score score(const std::vector<Tokens>& hypotheses, const std::vector<ReferenceSet>& sets) {
  check(hypotheses, sets);
  Score total;
  total.pairs = std::ssize(sets);
  for (std::size_t i = 0; i < sets.size(); ++i) {
    const Nearest nearest = nearest_of(hypotheses[i], sets[i].references);
    total.exact += nearest.edits == 0;
    total.edits += nearest.edits;
    total.reference_tokens += nearest.length;
  }
  total.sequence_error_rate = static_cast<double>(total.pairs - total.exact) / static_cast<double>(total.pairs);
  total.token_error_rate =
      static_cast<double>(total.edits) / static_cast<double>(std::max(total.reference_tokens, Index{1}));
  return total;
}

}  // namespace gradus::data
