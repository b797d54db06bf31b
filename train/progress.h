#pragma once

#include <cstdio>
#include <functional>
#include <string>
#include <string_view>

#include <gradus/autograd/foundation/types.h>

namespace gradus::train {

/// Writes to the stream and ignores errors, so that work continues when a disk is full or a terminal is closed.
void say(std::FILE* out, std::string_view text);

/// Writes a line of bounded length to standard error, with control characters and invalid UTF-8 as \\xHH.
void say_line(std::string_view text);

/// Whether a line can be redrawn in the file: it is a terminal, TERM is set and not "dumb", and NO_COLOR is not set.
bool can_redraw(int file);

/// Shows the progress of long work: on a terminal a bar with rate and time left, which fits the width of the terminal
/// at each moment (without one, of COLUMNS, else 80), elsewhere a line every ten seconds. Writes by `say`.
class Progress {
 public:
  using Clock = std::function<double()>;  // seconds from an arbitrary start

  /// Writes to `out`; on a `terminal` the bar is redrawn in place.
  Progress(std::FILE* out, bool terminal, Clock clock);
  /// On stderr, with a bar if `can_redraw`.
  static Progress on_stderr();
  /// Writes nothing.
  static Progress silent();
  /// Removes the bar.
  ~Progress();

  /// `done`: work that is already complete.
  void start(std::string label, Index total, Index done = 0);
  /// Shows that `done` of the total are complete, with a note behind them.
  void update(Index done, std::string_view note = "");
  /// Ends the work and removes the bar.
  void finish();
  /// Writes a line above the bar, with control characters and invalid UTF-8 as \\xHH.
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
