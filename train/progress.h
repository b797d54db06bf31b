#pragma once

#include <cstdio>
#include <functional>
#include <string>
#include <string_view>

#include <gradus/autograd/foundation/types.h>

namespace gradus::train {

/// Writes to the stream what it takes. What cannot be told there (its disk is full, its terminal is gone) is lost, and
/// the work that it tells of goes on.
void say(std::FILE* out, std::string_view text);

/// A line for people, on standard error, of bounded length: control characters and what is not UTF-8 as \\xHH.
void say_line(std::string_view text);

/// How far long work has come, for people: on a terminal a bar that is redrawn with rate and time left, elsewhere a
/// plain line every ten seconds. Written as by `say`.
class Progress {
 public:
  using Clock = std::function<double()>;  // seconds from any start

  /// Writes to `out`; `terminal` says whether lines may be redrawn.
  Progress(std::FILE* out, bool terminal, Clock clock);
  /// On stderr.
  static Progress on_stderr();
  /// Writes nothing.
  static Progress silent();
  /// Takes the bar away.
  ~Progress();

  /// `done`: what had been done before.
  void start(std::string label, Index total, Index done = 0);
  void update(Index done, std::string_view note = "");
  /// Ends the work: takes the bar away.
  void finish();
  /// A line of its own, above the bar; control characters and what is not UTF-8 as \\xHH.
  void line(std::string_view text);

 private:
  void draw(Index done, std::string_view note, double now);
  void clear();

  std::FILE* out_;
  bool terminal_;
  Clock clock_;
  std::string label_;
  Index total_ = 0, before_ = 0;
  double started_ = 0, drawn_ = 0;
  bool bar_ = false;
};

/// "0:07", "12:31", "3:05:00"
std::string clock_time(double seconds);

}  // namespace gradus::train
