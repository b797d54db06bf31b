#include <gradus/data/metrics.h>

#include <fmt/format.h>

#include <algorithm>

#include <gradus/autograd/foundation/error.h>
#include <gradus/autograd/foundation/internal/edit_distance.h>

namespace gradus::data {

Index edit_distance(const Tokens& a, const Tokens& b) { return gradus::edit_distance(a, b); }

Score score(const std::vector<Tokens>& hypotheses, const std::vector<ReferenceSet>& sets) {
  if (hypotheses.size() != sets.size())
    throw Error(fmt::format("{} hypotheses for {} sources; expected one for each", hypotheses.size(), sets.size()));
  if (sets.empty()) throw Error("there is nothing to score; expected at least one source");
  Score total;
  total.pairs = std::ssize(sets);
  for (std::size_t i = 0; i < sets.size(); ++i) {
    if (sets[i].references.empty())
      throw Error(fmt::format("source {} has no reference; expected at least one", i + 1));
    Index least = -1;
    Index length = 0;
    for (const Tokens& reference : sets[i].references) {
      const Index distance = edit_distance(hypotheses[i], reference);
      if (least != -1 && distance >= least) continue;
      least = distance;
      length = std::ssize(reference);
    }
    total.exact += least == 0;
    total.edits += least;
    total.reference_tokens += length;
  }
  total.sequence_error_rate = static_cast<double>(total.pairs - total.exact) / static_cast<double>(total.pairs);
  total.token_error_rate =
      static_cast<double>(total.edits) / static_cast<double>(std::max(total.reference_tokens, Index{1}));
  return total;
}

}  // namespace gradus::data
