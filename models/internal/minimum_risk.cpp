#include <gradus/models/internal/minimum_risk.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

namespace gradus::models {
namespace {

// Levenshtein 1966, with one row of the table in memory.
Index edit_distance(const std::vector<Index>& a, const std::vector<Index>& b) {
  std::vector<Index> row(b.size() + 1);
  std::iota(row.begin(), row.end(), Index{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    Index diagonal = std::exchange(row[0], static_cast<Index>(i) + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const Index changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

Hypotheses by_risk(const Hypotheses& samples) {
  Hypotheses different;
  std::vector<Index> counts;
  std::map<std::pair<std::vector<Index>, bool>, std::size_t> places;
  for (const Hypothesis& h : samples) {
    const auto [place, is_new] = places.try_emplace({h.ids, h.finished}, different.size());
    if (is_new) {
      different.push_back(h);
      counts.push_back(0);
    }
    ++counts[place->second];
  }
  std::vector<Index> edits(different.size());
  for (std::size_t i = 0; i < different.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const Index distance = edit_distance(different[i].ids, different[j].ids);
      edits[i] += counts[j] * distance;
      edits[j] += counts[i] * distance;
    }
  }
  for (std::size_t i = 0; i < different.size(); ++i)
    different[i].score = -static_cast<double>(edits[i]) / static_cast<double>(samples.size());
  std::stable_sort(different.begin(), different.end(), [](const Hypothesis& a, const Hypothesis& b) {
    return a.score != b.score ? a.score > b.score : a.log_probability > b.log_probability;
  });
  return different;
}

}  // namespace gradus::models
