#pragma once

#include <algorithm>
#include <vector>

#include <gradus/autograd/foundation/types.h>

namespace gradus::report {

/// Indices of at most `most` of `count` rows, evenly spread over all.
inline std::vector<Index> spread_rows(Index count, std::size_t most) {
  const Index taken = std::min(count, static_cast<Index>(most));
  std::vector<Index> rows;
  for (Index k = 0; k < taken; ++k) rows.push_back(k * count / taken);
  return rows;
}

}  // namespace gradus::report
