#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gradus/cli/internal/command.h>

namespace gradus::cli {

/// An option or argument of a command, as help, manual and completions show it.
struct OptionText {
  std::vector<std::string> flags;    // "-h", "--help"; empty for an argument
  std::string placeholder;           // of the value, or the argument's name; empty: the flag has no value
  std::vector<std::string> choices;  // the values, where they are a list
  std::string help, group;
  bool required = false;

  /// "-h, --help" or "--out DIR".
  std::string names() const;
};

/// The options of a command, group by group, then its arguments.
std::vector<OptionText> options_of(const CLI::App& command);

/// The commands of a command or of the program.
std::vector<const CLI::App*> children_of(const CLI::App& app);

/// A command that runs, and its name with those above it but the program's: "bench step".
struct CommandText {
  std::string name;
  const CLI::App* app;
};

/// The commands of the program without commands of their own.
std::vector<CommandText> commands_of(const CLI::App& program);

/// "gradus train --out DIR [OPTIONS]"; `name` is that of the program and the command.
std::string usage_of(const CLI::App& command, const std::string& name);

/// A help text in paragraphs; lines that begin with a space are examples.
struct Paragraph {
  std::string text;
  bool example = false;
};
std::vector<Paragraph> paragraphs_of(const std::string& text);

/// The words in lines of at most `width` bytes, where words are not longer.
std::vector<std::string> wrapped(std::string_view text, std::size_t width);

/// Help in 80 columns.
std::shared_ptr<CLI::FormatterBase> help_formatter();

/// The program with all commands. `action` must outlive it.
std::unique_ptr<CLI::App> whole_program(Action& action);

}  // namespace gradus::cli
