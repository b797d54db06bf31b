#pragma once

#include <functional>

#include <gradus/autograd/foundation/types.h>

// The door to oneTBB. Work is cut by shape, never by the number of threads, so results have the same bits at any.
namespace gradus {

/// Threads that parallel work may use from now on, the caller included; 0 restores the number of processors.
void set_threads(int n);
int threads();

/// Calls body(begin, end) for the pieces [k * grain, min((k + 1) * grain, n)), in any order, on any threads.
/// One piece, or work that is already one of several shards, runs on the calling thread without a task.
/// The first exception of a piece is rethrown.
template <class Body>
void parallel_for(Index n, Index grain, Body&& body);

/// Runs shard(0) .. shard(n - 1), each on one thread, as many at a time as there are threads.
void run_shards(Index n, const std::function<void(Index)>& shard);
/// Whether the caller is one of several shards, whose work parallel_for does not divide further.
bool in_shard();

namespace detail {
bool splits(Index pieces);
void for_pieces(Index pieces, const std::function<void(Index)>& piece);
}  // namespace detail

template <class Body>
void parallel_for(Index n, Index grain, Body&& body) {
  if (n <= 0) return;
  const Index pieces = (n + grain - 1) / grain;
  auto piece = [&](Index k) { body(k * grain, k * grain + grain < n ? k * grain + grain : n); };
  if (pieces == 1 || !detail::splits(pieces)) {
    for (Index k = 0; k < pieces; ++k) piece(k);
  } else {
    detail::for_pieces(pieces, piece);
  }
}

}  // namespace gradus
