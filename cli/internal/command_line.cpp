#include <gradus/cli/internal/command_line.h>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include <gradus/cli/internal/command.h>
#include <gradus/cli/internal/version.h>
#include <gradus/files/internal/utf8.h>

namespace gradus::cli {
namespace {

std::string& remembered() {
  static std::string line;
  return line;
}

}  // namespace

std::string shell_word(const std::string& text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) || c >= 0x80 ||
           std::string_view("/._-+,:=@%").find(static_cast<char>(c)) != std::string::npos;
  });
  if (plain) return text;
  if (files::shown(text, text.size()) != text) {
    std::string quoted = "$'";
    for (unsigned char c : text) {
      const bool as_it_is = std::isprint(c) && c != '\'' && c != '\\';
      quoted += as_it_is ? std::string(1, static_cast<char>(c)) : fmt::format("\\x{:02X}", c);
    }
    return quoted + "'";
  }
  std::string quoted = "'";
  for (char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

const std::string& command_line() { return remembered(); }

void set_command_line(int argc, const char* const* argv) {
  std::string line;
  for (int i = 0; i < argc; ++i) line += (i > 0 ? " " : "") + shell_word(argv[i]);
  remembered() = line;
}

std::string program_and_version() { return fmt::format("{} {}", program_name(), version); }

train::Provenance provenance_of_program() {
  train::Provenance provenance = train::provenance_here();
  provenance.command = command_line();
  provenance.program = program_and_version();
  return provenance;
}

}  // namespace gradus::cli
