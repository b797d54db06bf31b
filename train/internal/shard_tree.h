#pragma once

#include <vector>

#include <gradus/autograd/foundation/internal/row_sums.h>
#include <gradus/autograd/foundation/parallel.h>

namespace gradus::train {

/// A range [begin, end) of shards, examples or elements.
struct Span {
  Index begin = 0, end = 0;
};

/// At most `pieces` spans of about the same length, in order.
std::vector<Span> cut(Span whole, Index pieces);

/// The sum over the shards [from, end) is added to that over [into, from).
struct Addition {
  Index into = 0, from = 0, end = 0;
};

/// The order in which the gradients of shards are added, and which rank holds which shards. The tree is that of
/// ((0 + 1) + (2 + 3)) + ...; it depends on the number of shards alone. A rank has neighbouring shards, so it can make
/// most of the additions before anything is sent.
class ShardTree {
 public:
  /// `used` of `shards` shards have examples; `ranks` is at most `shards`.
  ShardTree(Index shards, Index used, Index ranks);

  /// The shards of a rank that have examples.
  Span shards_of(Index rank) const { return of_ranks_[static_cast<std::size_t>(rank)].shards; }
  /// The additions of shards of one rank, in order.
  const std::vector<Addition>& inside(Index rank) const { return of_ranks_[static_cast<std::size_t>(rank)].inside; }
  /// The shards of a rank whose sums are left after these additions, in order.
  const std::vector<Index>& left(Index rank) const { return of_ranks_[static_cast<std::size_t>(rank)].left; }
  /// The other additions, in order. The last sum is that of shard 0.
  const std::vector<Addition>& across() const { return across_; }

 private:
  struct OfRank {
    Span shards;
    std::vector<Addition> inside;
    std::vector<Index> left;
  };
  std::vector<OfRank> of_ranks_;
  std::vector<Addition> across_;
};

/// Elements [begin, end) of at[a.into] += those of at[a.from], for each addition in order.
template <class T>
void add_in_order(const std::vector<T*>& at, const std::vector<Addition>& additions, Index begin, Index end) {
  for (const Addition& a : additions) {
    T* into = at[static_cast<std::size_t>(a.into)];
    const T* from = at[static_cast<std::size_t>(a.from)];
    add_row(end - begin, from + begin, into + begin);
  }
}

/// The same, with the elements divided among the threads.
template <class T>
void add_in_parallel(const std::vector<T*>& at, const std::vector<Addition>& additions, Span elements) {
  constexpr Index piece = 16384;
  if (additions.empty()) return;
  parallel_for(elements.end - elements.begin, piece, [&](Index begin, Index end) {
    add_in_order(at, additions, elements.begin + begin, elements.begin + end);
  });
}

}  // namespace gradus::train
