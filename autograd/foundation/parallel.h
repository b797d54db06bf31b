#pragma once

#include <functional>

#include <gradus/autograd/foundation/types.h>

// Parallel loops on oneTBB. The shape of the work, not the number of threads, determines its division, so results have
// the same bits with any number of threads.
namespace gradus {

/// Sets the number of threads of parallel work, the caller included; 0: one per processor. Starts them. Throws Error
/// outside of [0, 1024], and when the system does not start so many. No parallel work may run meanwhile.
void set_threads(int n);
/// The number of threads of parallel work, the caller included.
int threads();

/// Calls body(begin, end) for the pieces [k * grain, min((k + 1) * grain, n)), in any order, on any threads. A single
/// piece, or any work inside a shard, runs on the calling thread. The first exception of a piece is rethrown. Throws
/// for a grain below 1.
template <class Body>
void parallel_for(Index n, Index grain, Body&& body);

/// parallel_for with body(i) for each i in [0, n).
template <class Body>
void parallel_each(Index n, Index grain, Body&& body) {
  parallel_for(n, grain, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) body(i);
  });
}

/// The grain for pieces that cost about `piece`, of items that cost `item` each. At least 1.
constexpr Index grain_of(Index piece, Index item) {
  const Index n = piece / (item > 1 ? item : 1);
  return n > 1 ? n : 1;
}

/// Runs shard(0) .. shard(n - 1), each on one thread, at most threads() at a time. A shard starts with the modes of a
/// new thread (ThreadModes), not with those of the caller. Throws for an empty function.
void run_shards(Index n, const std::function<void(Index)>& shard);
/// Whether the caller is one of several shards. parallel_for does not divide their work.
bool in_shard();

namespace detail {
/// The body of a loop and a function that calls it. Each body is compiled once for all ways to divide the work.
struct BodyPointer {
  const void* object;
  void (*call)(const void* object, Index begin, Index end);
};
void run_pieces(Index n, Index grain, BodyPointer body);
}  // namespace detail

template <class Body>
void parallel_for(Index n, Index grain, Body&& body) {
  const auto piece = [&](Index begin, Index end) { body(begin, end); };
  using Piece = decltype(piece);
  detail::run_pieces(
      n, grain, {&piece, [](const void* f, Index begin, Index end) { (*static_cast<const Piece*>(f))(begin, end); }});
}

}  // namespace gradus
