#include <gradus/train/terminal.h>

#include <sys/ioctl.h>
#include <unistd.h>
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <string>
#include <string_view>

namespace gradus::train {
namespace {

// The value of a variable of the environment; empty when it is not set.
std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Index number_in(const char* name, Index otherwise) {
  const std::string_view text = variable(name);
  Index number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() && end == text.data() + text.size() && number > 0 ? number : otherwise;
}

}  // namespace

bool is_screen(int file) {
  const std::string_view terminal = variable("TERM");
  return ::isatty(file) == 1 && !terminal.empty() && terminal != "dumb";
}

bool no_color() { return !variable("NO_COLOR").empty(); }

TerminalSize terminal_size(std::FILE* out) {
  winsize size{};
  const bool known = ::ioctl(::fileno(out), TIOCGWINSZ, &size) == 0;
  return {.columns = known && size.ws_col > 0 ? size.ws_col : number_in("COLUMNS", 80),
          .rows = known && size.ws_row > 0 ? size.ws_row : number_in("LINES", 24)};
}

bool shows_utf8() {
  if (variable("TERM") == "dumb") return false;
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string value(variable(name));
    if (value.empty()) continue;
    std::transform(value.begin(), value.end(), value.begin(), [](unsigned char c) { return std::tolower(c); });
    return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
  }
  return false;
}

}  // namespace gradus::train
