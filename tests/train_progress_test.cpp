#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>

#include <gradus/data/unicode.h>
#include <gradus/train/progress.h>

#include "catch.h"

// The bar on a terminal of any width.
namespace gradus::train::train_progress_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

// A terminal whose screen the test reads.
class Terminal {
 public:
  Terminal() {
    REQUIRE(::openpty(&screen_, &program_, nullptr, nullptr, nullptr) == 0);
    out = ::fdopen(program_, "w");
  }
  ~Terminal() {
    std::fclose(out);
    ::close(screen_);
  }
  void resize(unsigned short columns) const {
    const winsize size{24, columns, 0, 0};
    REQUIRE(::ioctl(screen_, TIOCSWINSZ, &size) == 0);
  }
  // What was written since the last call; at least one byte.
  std::string read() const {
    std::string text(4096, '\0');
    const auto count = ::read(screen_, text.data(), text.size());
    REQUIRE(count > 0);
    text.resize(static_cast<std::size_t>(count));
    return text;
  }
  int file() const { return program_; }

  std::FILE* out = nullptr;

 private:
  int screen_ = -1, program_ = -1;
};

// Sets a variable of the environment, or removes it, until the end of the block.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    set(value);
  }
  ~Variable() { set(old_ ? old_->c_str() : nullptr); }

 private:
  void set(const char* value) const {
    if (value != nullptr)
      ::setenv(name_, value, 1);
    else
      ::unsetenv(name_);
  }
  const char* name_;
  std::optional<std::string> old_;
};

constexpr const char* start_of_line = "\r\033[K";

}  // namespace

TEST_CASE("the bar is never wider than the terminal, whose width may change between two redraws") {
  const Terminal terminal;
  double now = 0;
  Progress progress(terminal.out, true, [&] { return now; });
  for (const char* label : {"training", "訓練訓練訓練訓練", "e\u0301tude"}) {
    for (const unsigned short columns : {200, 80, 60, 45, 30, 12, 3, 2, 1}) {
      terminal.resize(columns);
      progress.start(label, 100);
      ++now;
      progress.update(50, "loss 0.1234 \u8a13\u7df4");
      const std::string drawn = terminal.read();
      CAPTURE(label, columns, drawn);
      REQUIRE_THAT(drawn, StartsWith(start_of_line));
      const std::string line = drawn.substr(4);
      CHECK(static_cast<Index>(data::width(line)) <= columns - 1);
      CHECK(line.find('\n') == std::string::npos);
      if (columns == 200) CHECK_THAT(line, ContainsSubstring("████████████░░░░░░░░░░░░ 50/100"));
      if (columns == 45) CHECK_THAT(line, !ContainsSubstring("░"));
      progress.finish();
      CHECK(terminal.read() == start_of_line);
    }
  }
}

TEST_CASE("without the size of a terminal, COLUMNS is the width of the bar") {
  double now = 0;
  const auto width = [&](const char* columns) {
    const Variable variable("COLUMNS", columns);
    std::FILE* file = std::tmpfile();
    {
      Progress progress(file, true, [&] { return now; });
      progress.start(std::string(300, 'x'), 10);
      ++now;
      progress.update(1);
    }
    std::rewind(file);
    std::string text(1000, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file));
    std::fclose(file);
    return std::count(text.begin(), text.end(), 'x');
  };
  CHECK(width("20") == 19);
  CHECK(width("100") == 99);
  for (const char* columns : {"0", "-5", "wide", "12x", ""}) CHECK(width(columns) == 79);
  CHECK(width(nullptr) == 79);
}

TEST_CASE("a bar needs a terminal, a TERM that is not dumb, and no NO_COLOR") {
  const Terminal terminal;
  const Variable no_color("NO_COLOR", nullptr), term("TERM", "xterm");
  CHECK(can_redraw(terminal.file()));
  std::FILE* file = std::tmpfile();
  CHECK_FALSE(can_redraw(::fileno(file)));
  std::fclose(file);
  {
    const Variable set("NO_COLOR", "1");
    CHECK_FALSE(can_redraw(terminal.file()));
  }
  {
    const Variable empty("NO_COLOR", "");
    CHECK(can_redraw(terminal.file()));
  }
  for (const char* value : {"dumb", static_cast<const char*>(nullptr)}) {
    const Variable dumb("TERM", value);
    CHECK_FALSE(can_redraw(terminal.file()));
  }
}

}  // namespace gradus::train::train_progress_test
