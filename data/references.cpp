#include <gradus/data/references.h>

#include <algorithm>
#include <map>

namespace gradus::data {

std::vector<ReferenceSet> group_references(const std::vector<Pair>& pairs) {
  std::vector<ReferenceSet> sets;
  std::map<Tokens, std::size_t> places;
  for (const Pair& pair : pairs) {
    const auto [place, is_new] = places.emplace(pair.source, sets.size());
    if (is_new) sets.push_back({pair.source, {}});
    std::vector<Tokens>& references = sets[place->second].references;
    if (std::find(references.begin(), references.end(), pair.target) == references.end())
      references.push_back(pair.target);
  }
  return sets;
}

}  // namespace gradus::data
