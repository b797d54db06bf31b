#include <gradus/train/progress.h>

#include <fmt/format.h>

#include <unistd.h>
#include <algorithm>
#include <cmath>

#include <gradus/autograd/foundation/internal/stopwatch.h>
#include <gradus/data/unicode.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/train/terminal.h>

namespace gradus::train {
namespace {

constexpr double redraw_seconds = 0.1, line_seconds = 10;

double steady_seconds() {
  static const Stopwatch since_first_use;
  return since_first_use.seconds();
}

std::string as_line(std::string_view text) {
  constexpr std::size_t longest = 10000;  // enough for two of the longest paths
  return files::shown(text, longest) + '\n';
}

// A bar with a space before it, or nothing where it would be too short to read.
std::string bar_of(double share, Index room) {
  constexpr Index longest = 24, shortest = 4;
  const Index width = std::min(room, longest);
  if (width < shortest) return {};
  const auto full = static_cast<Index>(std::clamp(share, 0.0, 1.0) * static_cast<double>(width));
  std::string bar = " ";
  for (Index i = 0; i < width; ++i) bar += i < full ? "█" : "░";
  return bar;
}

}  // namespace

void say(std::FILE* out, std::string_view text) {
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), out));
  static_cast<void>(std::fflush(out));
  std::clearerr(out);
}

void say_line(std::string_view text) { say(stderr, as_line(text)); }

std::string clock_time(double seconds) {
  const auto whole = static_cast<Index>(std::llround(std::clamp(seconds, 0.0, 3.6e6)));
  const Index minutes = whole / 60 % 60, hours = whole / 3600;
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, minutes, whole % 60);
  return fmt::format("{}:{:02}", minutes, whole % 60);
}

Progress::Progress(std::FILE* out, bool terminal, Clock clock)
    : out_(out), terminal_(terminal), clock_(std::move(clock)) {}

bool can_redraw(int file) { return is_screen(file) && !no_color(); }

Progress Progress::on_stderr() { return Progress(stderr, can_redraw(STDERR_FILENO), steady_seconds); }

Progress Progress::silent() { return Progress(nullptr, false, steady_seconds); }

Progress::~Progress() { clear(); }

void Progress::start(std::string label, Index total, Index done) {
  finish();
  label_ = std::move(label);
  total_ = total;
  before_ = done;
  started_ = drawn_ = clock_();
}

void Progress::update(Index done, std::string_view note) {
  if (out_ == nullptr) return;
  const double now = clock_();
  if (now - drawn_ >= (terminal_ ? redraw_seconds : line_seconds)) draw(done, note, now);
}

void Progress::draw(Index done, std::string_view note, double now) {
  drawn_ = now;
  const double rate = static_cast<double>(done - before_) / std::max(now - started_, 1e-9);
  const double left = rate > 0 ? static_cast<double>(total_ - done) / rate : 0;
  const double share = total_ > 0 ? static_cast<double>(done) / static_cast<double>(total_) : 0;
  std::string numbers = fmt::format("{}/{}  {:.1f}/s  {} left", done, total_, rate, clock_time(left));
  if (!note.empty()) numbers += fmt::format("  {}", note);
  if (!terminal_) {
    say(out_, fmt::format("{}: {}\n", label_, numbers));
    return;
  }
  const Index room = terminal_size(out_).columns - 1;  // the last column stays free, so that no terminal wraps
  const std::string label = files::shown(label_, 1000), after = files::shown(numbers, 1000);
  const std::string bar = bar_of(share, room - static_cast<Index>(data::width(label + after)) - 2);
  say(out_, "\r\033[K" + data::cut_to_width(label + bar + ' ' + after, static_cast<std::size_t>(room)));
  bar_ = true;
}

void Progress::clear() {
  if (!bar_ || out_ == nullptr) return;
  say(out_, "\r\033[K");
  bar_ = false;
}

void Progress::finish() { clear(); }

void Progress::line(std::string_view text) {
  if (out_ == nullptr) return;
  clear();
  say(out_, as_line(text));
}

}  // namespace gradus::train
