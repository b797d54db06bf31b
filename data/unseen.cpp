#include <gradus/data/unseen.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include <gradus/data/features.h>
#include <gradus/data/internal/counted.h>
#include <gradus/data/unicode.h>

namespace gradus::data {
namespace {

std::string name_of(std::string_view token) {
  const std::string_view feature = feature_name(token);
  return feature.empty() ? quoted(token) : fmt::format("the feature {}", quoted(feature));
}

}  // namespace

std::string unseen_tokens(const TokenCounts& counts, const Vocabulary& vocabulary, std::string_view file,
                          std::string_view side) {
  constexpr std::ptrdiff_t most_named = 5;
  Index all = 0, unseen = 0;
  TokenCounts missing;
  for (const auto& [token, count] : counts) {
    for (const std::string& part : vocabulary.split({token})) {
      all += count;
      if (vocabulary.id(part) != unk_id) continue;
      unseen += count;
      missing[part] += count;
    }
  }
  if (unseen == 0) return "";
  std::vector<std::pair<Index, std::string_view>> ranked;  // the number with a minus, and the token
  for (const auto& [token, count] : missing) ranked.emplace_back(-count, token);
  std::sort(ranked.begin(), ranked.end());
  std::vector<std::string> named;
  for (const auto& [minus_count, token] : ranked)
    if (std::ssize(named) < most_named) named.push_back(fmt::format("{} {}", name_of(token), -minus_count));
  const double percent = 100.0 * static_cast<double>(unseen) / static_cast<double>(all);
  std::string line =
      fmt::format("{}: {} of {} {} tokens ({}) are not in the vocabulary: {}", file, unseen, all, side,
                  percent < 0.1 ? "under 0.1 %" : fmt::format("{:.1f} %", percent), fmt::join(named, ", "));
  const Index others = std::ssize(ranked) - std::ssize(named);
  if (others != 0) line += fmt::format(" and {}", counted(others, "other"));
  return line;
}

}  // namespace gradus::data
