#include <gradus/cli/internal/help.h>

#include <fmt/format.h>

#include <algorithm>

namespace gradus::cli {
namespace {

constexpr std::size_t columns = 80, help_column = 26;

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t end = text.find(at); end != std::string::npos; begin = end + 1, end = text.find(at, begin))
    parts.push_back(text.substr(begin, end - begin));
  parts.push_back(text.substr(begin));
  return parts;
}

OptionText text_of(const CLI::Option& option) {
  OptionText text;
  text.help = option.get_description();
  text.group = option.get_group();
  text.required = option.get_required();
  for (const std::string& name : option.get_snames()) text.flags.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) text.flags.push_back("--" + name);
  // CLI11 writes a type as PLACEHOLDER:VALIDATOR, and a list of values as {a,b}.
  const std::string type = option.get_type_name();
  const std::size_t colon = type.find(':');
  text.placeholder = type.substr(0, colon);
  if (colon != std::string::npos && type[colon + 1] == '{')
    text.choices = split(type.substr(colon + 2, type.find('}', colon) - colon - 2), ',');
  if (text.flags.empty()) text.placeholder = option.get_single_name();
  return text;
}

void collect(const CLI::App& app, const std::string& prefix, std::vector<CommandText>& commands) {
  for (const CLI::App* child : children_of(app)) {
    const std::string name = prefix + child->get_name();
    if (children_of(*child).empty())
      commands.push_back({name, child});
    else
      collect(*child, name + " ", commands);
  }
}

// One entry of a list: the left part, and the help from its column on.
std::string entry(const std::string& left, const std::string& help) {
  std::string text = "  " + left;
  if (text.size() + 2 > help_column)
    text += '\n' + std::string(help_column, ' ');
  else
    text.resize(help_column, ' ');
  const std::vector<std::string> lines = wrapped(help, columns - help_column);
  return fmt::format("{}{}\n", text, fmt::join(lines, '\n' + std::string(help_column, ' ')));
}

// A command line in lines that a shell joins. A flag stays with its value.
std::string example(const std::string& command) {
  const std::size_t indent = command.find_first_not_of(' '), room = columns - 2;
  std::string text(indent, ' '), part;
  std::size_t width = 0;
  const auto add_part = [&] {
    if (width > 0 && indent + width + 1 + part.size() > room) {
      text += " \\\n" + std::string(indent + 4, ' ');
      width = 4;
    } else if (width > 0) {
      text += ' ';
      ++width;
    }
    text += part;
    width += part.size();
  };
  for (const std::string& word : split(command.substr(indent), ' ')) {
    if (word.starts_with('-')) {
      add_part();
      part = word;
    } else {
      part += part.empty() ? word : ' ' + word;
    }
  }
  add_part();
  return text + '\n';
}

class HelpFormatter : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode) const override {
    std::string text = fmt::format("{}\n\n", fmt::join(wrapped(app->get_description(), columns), "\n"));
    text += fmt::format("Usage: {}\n", fmt::join(wrapped(usage_of(*app, name), columns - 7), "\n       "));
    std::string group;
    for (const OptionText& option : options_of(*app)) {
      if (option.group != group) text += fmt::format("\n{}:\n", option.group);
      group = option.group;
      text +=
          entry(option.names(), option.required && !option.flags.empty() ? option.help + " (required)" : option.help);
    }
    const auto commands = children_of(*app);
    if (!commands.empty()) text += "\nCommands:\n";
    for (const CLI::App* command : commands) text += entry(command->get_name(), command->get_description());
    for (const Paragraph& p : paragraphs_of(app->get_footer()))
      text += p.example ? example(p.text) : fmt::format("\n{}\n", fmt::join(wrapped(p.text, columns), "\n"));
    return text;
  }
};

}  // namespace

std::string OptionText::names() const {
  if (flags.empty()) return placeholder;
  return fmt::format("{}{}{}", fmt::join(flags, ", "), placeholder.empty() ? "" : " ", placeholder);
}

std::vector<OptionText> options_of(const CLI::App& command) {
  std::vector<OptionText> texts;
  for (const std::string& group : command.get_groups()) {
    for (const CLI::Option* option : command.get_options())
      if (!option->get_positional() && option->get_group() == group) texts.push_back(text_of(*option));
  }
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_positional()) continue;
    texts.push_back(text_of(*option));
    texts.back().group = "Arguments";
  }
  return texts;
}

std::vector<const CLI::App*> children_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<CommandText> commands_of(const CLI::App& program) {
  std::vector<CommandText> commands;
  collect(program, "", commands);
  return commands;
}

std::string usage_of(const CLI::App& command, const std::string& name) {
  std::string text = name, arguments;
  for (const OptionText& option : options_of(command)) {
    if (option.flags.empty())
      arguments += option.required ? " " + option.placeholder : fmt::format(" [{}]", option.placeholder);
    else if (option.required)
      text += " " + option.names();
  }
  if (!children_of(command).empty()) arguments += " COMMAND";
  return text + arguments + " [OPTIONS]";
}

std::vector<Paragraph> paragraphs_of(const std::string& text) {
  std::vector<Paragraph> paragraphs;
  bool joins = false;
  for (const std::string& line : split(text, '\n')) {
    const bool example = line.starts_with(' ');
    if (line.empty()) {
      joins = false;
    } else if (example || !joins) {
      paragraphs.push_back({line, example});
      joins = !example;
    } else {
      paragraphs.back().text += ' ' + line;
    }
  }
  return paragraphs;
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  for (const std::string& word : split(std::string(text), ' ')) {
    std::string& line = lines.back();
    if (line.empty())
      line = word;
    else if (line.size() + 1 + word.size() <= width)
      line += ' ' + word;
    else
      lines.push_back(word);
  }
  return lines;
}

std::shared_ptr<CLI::FormatterBase> help_formatter() { return std::make_shared<HelpFormatter>(); }

}  // namespace gradus::cli
