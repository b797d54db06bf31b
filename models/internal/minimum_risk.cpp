#include <gradus/models/internal/minimum_risk.h>

#include <algorithm>
#include <map>
#include <utility>

#include <gradus/autograd/foundation/internal/edit_distance.h>

namespace gradus::models {

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
