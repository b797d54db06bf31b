#include <gradus/data/metrics.h>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include <gradus/autograd/foundation/error.h>

namespace gradus::data {

Index edit_distance(const Tokens& a, const Tokens& b) {
  std::vector<Index> row(b.size() + 1);  // row[j]: distance of the first tokens of a to the first j of b
  std::iota(row.begin(), row.end(), Index{0});
  for (const std::string& token : a) {
    Index diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const Index replaced = diagonal + (token == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

Score score(const std::vector<Tokens>& hypotheses, const std::vector<ReferenceSet>& sets) {
  if (hypotheses.size() != sets.size()) {
    throw Error(fmt::format("{} hypotheses for {} sources; expected one for each", hypotheses.size(), sets.size()));
  }
  if (sets.empty()) throw Error("there is nothing to score; expected at least one source");
  Score total;
  total.pairs = std::ssize(sets);
  for (std::size_t i = 0; i < sets.size(); ++i) {
    if (sets[i].references.empty()) throw Error(fmt::format("source {} has no reference to score against", i + 1));
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
  total.word_error_rate = static_cast<double>(total.pairs - total.exact) / static_cast<double>(total.pairs);
  total.token_error_rate =
      static_cast<double>(total.edits) / static_cast<double>(std::max(total.reference_tokens, Index{1}));
  return total;
}

}  // namespace gradus::data
