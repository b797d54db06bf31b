#include <gradus/train/internal/shard_tree.h>

#include <algorithm>

namespace gradus::train {

std::vector<Span> cut(Span whole, Index pieces) {
  const Index size = whole.end - whole.begin, count = std::min(pieces, size);
  std::vector<Span> spans;
  for (Index i = 0; i < count; ++i)
    spans.push_back({whole.begin + size * i / count, whole.begin + size * (i + 1) / count});
  return spans;
}

ShardTree::ShardTree(Index shards, Index used, Index ranks) {
  for (const Span& span : cut({0, shards}, ranks))
    of_ranks_.push_back({{std::min(span.begin, used), std::min(span.end, used)}, {}, {}});
  for (Index stride = 1; stride < used; stride *= 2) {
    for (Index k = 0; k + stride < used; k += 2 * stride) {
      const Addition a{k, k + stride, std::min(k + 2 * stride, used)};
      const auto owner = std::find_if(of_ranks_.begin(), of_ranks_.end(), [&](const OfRank& r) {
        return r.shards.begin <= a.into && a.end <= r.shards.end;
      });
      (owner == of_ranks_.end() ? across_ : owner->inside).push_back(a);
    }
  }
  std::vector<bool> added(static_cast<std::size_t>(used));
  for (const OfRank& rank : of_ranks_)
    for (const Addition& a : rank.inside) added[static_cast<std::size_t>(a.from)] = true;
  for (OfRank& rank : of_ranks_)
    for (Index k = rank.shards.begin; k < rank.shards.end; ++k)
      if (!added[static_cast<std::size_t>(k)]) rank.left.push_back(k);
}

}  // namespace gradus::train
