#include <gradus/train/internal/suggest.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include <gradus/autograd/foundation/internal/edit_distance.h>
#include <gradus/files/internal/utf8.h>

namespace gradus::train {
std::vector<std::string> near_names(std::string_view name, const std::vector<std::string>& candidates) {
  constexpr std::size_t longest = 200;
  if (name.empty() || name.size() > longest) return {};
  const std::string suffix = "." + std::string(name);
  std::vector<std::pair<std::size_t, std::string>> near;
  for (const std::string& candidate : candidates) {
    const std::size_t shorter = std::min(name.size(), candidate.size()),
                      longer = std::max(name.size(), candidate.size());
    const std::size_t most = std::max<std::size_t>(1, shorter / 3);
    // A key without its section is a close match.
    if (candidate.size() > name.size() && candidate.ends_with(suffix)) {
      near.emplace_back(0, candidate);
    } else if (longer - shorter <= most) {  // a lower bound of the distance
      if (const auto distance = static_cast<std::size_t>(edit_distance<std::string_view>(name, candidate, true));
          distance <= most)
        near.emplace_back(distance, candidate);
    }
  }
  std::stable_sort(near.begin(), near.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> names;
  for (auto& [distance, candidate] : near)
    if (names.size() < 3 && distance <= near.front().first + 1) names.push_back(std::move(candidate));
  return names;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates) {
  std::vector<std::string> near = near_names(name, candidates);
  for (std::string& n : near) n = files::shown(n);  // the name may come from a file
  return near.empty() ? "" : fmt::format("; did you mean {}?", fmt::join(near, " or "));
}

}  // namespace gradus::train
