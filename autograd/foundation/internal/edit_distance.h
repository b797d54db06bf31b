#pragma once

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include <gradus/autograd/foundation/types.h>

namespace gradus {

/// The least number of insertions, deletions and substitutions that turn `a` into `b` (Levenshtein 1966). With `swaps`,
/// two neighbours in exchanged order count as one edit (optimal string alignment). Sequences have size() and [].
template <class Sequence>
Index edit_distance(const Sequence& a, const Sequence& b, bool swaps = false) {
  std::vector<Index> before, row(b.size() + 1), next(b.size() + 1);  // row[j]: from a's first i to b's first j elements
  std::iota(row.begin(), row.end(), Index{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    next[0] = static_cast<Index>(i) + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      next[j + 1] = std::min({row[j + 1] + 1, next[j] + 1, row[j] + (a[i] == b[j] ? 0 : 1)});
      if (swaps && i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j])
        next[j + 1] = std::min(next[j + 1], before[j - 1] + 1);
    }
    if (swaps) before = row;
    std::swap(row, next);
  }
  return row.back();
}

}  // namespace gradus
