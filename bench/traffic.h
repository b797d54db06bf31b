#pragma once

#include <string>
#include <vector>

#include <gradus/autograd/foundation/types.h>

namespace gradus::bench {

/// The arrays of f32 that a loop reads and writes, each once: `add` reads two and writes a third; `update` reads four
/// and writes three of them in place, as Adam does.
enum class Pattern { read, write, copy, add, update };
inline constexpr Pattern patterns[] = {Pattern::read, Pattern::write, Pattern::copy, Pattern::add, Pattern::update};
const char* name(Pattern pattern);
/// Bytes per element, without the reads that a cache makes before writes.
int bytes(Pattern pattern);

/// Measures memory bandwidth with loops of almost no computation.
class Traffic {
 public:
  explicit Traffic(Index elements);

  /// Finds the fastest way to run a pattern: on one thread or all, with stores through the caches or around them. Times
  /// each for `seconds`.
  void tune(Pattern pattern, double seconds);
  /// The fastest way: "2 threads, around the caches".
  std::string way(Pattern pattern) const;
  /// Its median, in GB/s.
  double bandwidth(Pattern pattern) const;

  /// Runs a tuned pattern once, with the arrays of a forward pass or of a backward pass. The backward pass reads the
  /// forward pass's results.
  void run(Pattern pattern, bool backward = false);

 private:
  struct Way {
    bool parallel = false, around = false;
    double seconds = 0;
  };
  void run(Pattern pattern, bool backward, Way way);

  Index elements_;
  std::vector<std::vector<float>> arrays_;
  Way ways_[5];
};

}  // namespace gradus::bench
