#include <gradus/report/confusions.h>

#include <algorithm>
#include <map>
#include <utility>

#include <gradus/data/metrics.h>

namespace gradus::report {

std::vector<Confusion> edits_between(const data::Tokens& wanted, const data::Tokens& got) {
  const std::size_t rows = wanted.size() + 1, columns = got.size() + 1;
  std::vector<std::size_t> cost(rows * columns);
  const auto at = [&](std::size_t i, std::size_t j) -> std::size_t& { return cost[i * columns + j]; };
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      if (i == 0 || j == 0) {
        at(i, j) = i + j;
        continue;
      }
      const std::size_t exchange = at(i - 1, j - 1) + (wanted[i - 1] == got[j - 1] ? 0 : 1);
      at(i, j) = std::min({exchange, at(i - 1, j) + 1, at(i, j - 1) + 1});
    }
  }
  std::vector<Confusion> edits;
  for (std::size_t i = rows - 1, j = columns - 1; i > 0 || j > 0;) {
    const bool same = i > 0 && j > 0 && wanted[i - 1] == got[j - 1];
    if (i > 0 && j > 0 && at(i, j) == at(i - 1, j - 1) + (same ? 0 : 1)) {
      if (!same) edits.push_back({wanted[i - 1], got[j - 1], 1});
      --i;
      --j;
    } else if (i > 0 && at(i, j) == at(i - 1, j) + 1) {
      edits.push_back({wanted[--i], "", 1});
    } else {
      edits.push_back({"", got[--j], 1});
    }
  }
  std::reverse(edits.begin(), edits.end());
  return edits;
}

const data::Tokens& nearest(const std::vector<data::Tokens>& references, const data::Tokens& output) {
  return *std::min_element(references.begin(), references.end(), [&](const data::Tokens& a, const data::Tokens& b) {
    return data::edit_distance(output, a) < data::edit_distance(output, b);
  });
}

std::vector<Confusion> confusions(const std::vector<data::Tokens>& outputs,
                                  const std::vector<data::ReferenceSet>& sets) {
  std::map<std::pair<std::string, std::string>, Index> counts;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    for (const Confusion& edit : edits_between(nearest(sets[i].references, outputs[i]), outputs[i]))
      ++counts[{edit.wanted, edit.got}];
  std::vector<Confusion> all;
  for (const auto& [pair, count] : counts) all.push_back({pair.first, pair.second, count});
  std::stable_sort(all.begin(), all.end(), [](const Confusion& a, const Confusion& b) { return a.count > b.count; });
  return all;
}

}  // namespace gradus::report
