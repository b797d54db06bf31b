#pragma once

#include <string>
#include <vector>

#include <gradus/autograd/foundation/types.h>

namespace gradus::bench {

/// Which arrays of f32 a loop walks through, each once: `update` reads four and writes three of them back in place, as
/// Adam does; `add` reads two and writes a third; and so on.
enum class Pattern { read, write, copy, add, update };
inline constexpr Pattern patterns[] = {Pattern::read, Pattern::write, Pattern::copy, Pattern::add, Pattern::update};
const char* name(Pattern pattern);
/// Bytes an element, without what a cache reads in order to write.
int bytes(Pattern pattern);

/// What memory gives to loops that compute nothing worth mentioning.
class Traffic {
 public:
  explicit Traffic(Index elements);

  /// Finds the fastest of the ways to run a pattern: on one thread or on all, with stores that pass through the caches
  /// or around them; times each for `seconds`.
  void tune(Pattern pattern, double seconds);
  /// The way found: "2 threads, around the caches".
  std::string way(Pattern pattern) const;
  /// Its median, in GB/s.
  double bandwidth(Pattern pattern) const;

  /// Runs a tuned pattern once, as a pass forward through a graph, or as one back through it: that reads what the other
  /// wrote.
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
