#include <gradus/train/internal/suggest.h>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include <gradus/data/internal/utf8.h>

namespace gradus::train {
namespace {

// Damerau's distance with neighbours swapped as one slip, over bytes.
std::size_t slips(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before, row(b.size() + 1), next(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    next[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      next[j] = std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] != b[j - 1] ? 1u : 0u)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) next[j] = std::min(next[j], before[j - 2] + 1);
    }
    before = row;
    std::swap(row, next);
  }
  return row[b.size()];
}

}  // namespace

std::vector<std::string> near_names(std::string_view name, const std::vector<std::string>& candidates) {
  constexpr std::size_t longest = 200;
  if (name.empty() || name.size() > longest) return {};
  const std::string suffix = "." + std::string(name);
  std::vector<std::pair<std::size_t, std::string>> near;
  for (const std::string& candidate : candidates) {
    const std::size_t shorter = std::min(name.size(), candidate.size()),
                      longer = std::max(name.size(), candidate.size());
    const std::size_t most = std::max<std::size_t>(1, shorter / 3);
    // The last part of a dotted key alone is a good guess too.
    if (candidate.size() > name.size() && candidate.ends_with(suffix)) {
      near.emplace_back(0, candidate);
    } else if (longer - shorter <= most) {  // no fewer slips than that
      if (const std::size_t distance = slips(name, candidate); distance <= most) near.emplace_back(distance, candidate);
    }
  }
  std::stable_sort(near.begin(), near.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> names;
  for (auto& [distance, candidate] : near) {
    if (names.size() < 3 && distance <= near.front().first + 1) names.push_back(std::move(candidate));
  }
  return names;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates) {
  std::vector<std::string> near = near_names(name, candidates);
  for (std::string& n : near) n = data::shown(n);  // it may come from a file
  return near.empty() ? "" : fmt::format("; did you mean {}?", fmt::join(near, " or "));
}

}  // namespace gradus::train
