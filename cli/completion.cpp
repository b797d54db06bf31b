#include <fmt/format.h>

#include <cctype>
#include <memory>

#include <gradus/cli/internal/help.h>
#include <gradus/train/settings.h>

namespace gradus::cli {
namespace {

// The name of the program as part of a function's name.
std::string identifier() {
  std::string name = program_name();
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return name;
}

std::string joined(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, " ")); }

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

std::string setting_keys() {
  std::vector<std::string> keys;
  for (const train::Setting& s : train::settings()) keys.push_back(s.key + "=");
  return joined(keys);
}

std::string names_of(const std::vector<const CLI::App*>& commands) {
  std::vector<std::string> names;
  for (const CLI::App* command : commands) names.push_back(command->get_name());
  return joined(names);
}

std::string flags_of(const CLI::App& app) {
  std::vector<std::string> flags;
  for (const OptionText& option : options_of(app)) flags.insert(flags.end(), option.flags.begin(), option.flags.end());
  return joined(flags);
}

std::string bash_values(const OptionText& option) {
  if (!option.choices.empty()) return fmt::format("words='{}'", joined(option.choices));
  if (option.placeholder == "FILE") return "action=file";
  if (option.placeholder == "DIR") return "action=directory";
  return option.placeholder == "KEY=VALUE" ? "words=$settings; compopt -o nospace" : ":";
}

std::string bash(const CLI::App& program) {
  std::string commands, values, flags;
  for (const CLI::App* child : children_of(program)) {
    commands += fmt::format("      ' {0}') command='{0}' ;;\n", child->get_name());
    for (const CLI::App* own : children_of(*child))
      commands += fmt::format("      '{0} {1}') command='{0} {1}' ;;\n", child->get_name(), own->get_name());
    if (const auto own = children_of(*child); !own.empty())
      flags += fmt::format("      '{}') words='{} {}' ;;\n", child->get_name(), names_of(own), flags_of(*child));
  }
  for (const CommandText& command : commands_of(program)) {
    flags += fmt::format("      '{}') words='{}'; [[ $current == -* ]] || action=file ;;\n", command.name,
                         flags_of(*command.app));
    for (const OptionText& option : options_of(*command.app)) {
      if (option.placeholder.empty()) continue;
      for (const std::string& flag : option.flags)
        values += fmt::format("    '{} {}') {} ;;\n", command.name, flag, bash_values(option));
    }
  }
  const std::string name = "_" + identifier();
  return "# bash completion for " + program_name() + "\n" + name + "() {\n" +
         "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
         "  local command='' word words='' action=''\n"
         "  local settings='" +
         setting_keys() +
         "'\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD - 1}\"; do\n"
         "    [[ $word == -* ]] && break\n"
         "    case \"$command $word\" in\n" +
         commands +
         "    esac\n"
         "  done\n"
         "  case \"$command $previous\" in\n" +
         values +
         "    *) case $command in\n"
         "      '') words='" +
         names_of(children_of(program)) + " " + flags_of(program) + "' ;;\n" + flags +
         "      esac ;;\n"
         "  esac\n"
         "  COMPREPLY=()\n"
         "  [[ -z $words ]] || mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
         "  [[ -z $action ]] || compopt -o filenames\n"
         "  [[ -z $action ]] || mapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY < <(compgen -A \"$action\" -- "
         "\"$current\")\n"
         "}\n"
         "complete -F " +
         name + " " + program_name() + "\n";
}

// A description inside a single-quoted word of zsh's _arguments and _describe.
std::string zsh_text(std::string text) {
  for (const char* special : {"\\", "[", "]", ":"}) text = replaced(text, special, std::string("\\") + special);
  return replaced(text, "'", "'\\''");
}

std::string zsh_arguments(const CLI::App& app) {
  std::string text = "_arguments";
  for (const OptionText& option : options_of(app)) {
    std::string value;
    if (!option.choices.empty())
      value = fmt::format("({})", joined(option.choices));
    else if (option.placeholder == "FILE")
      value = "_files";
    else if (option.placeholder == "DIR")
      value = "_files -/";
    else if (option.placeholder == "KEY=VALUE")
      value = "compadd -S '' -- $settings";
    value = replaced(value, "'", "'\\''");
    const bool repeats = option.placeholder == "KEY=VALUE";
    for (const std::string& flag : option.flags)
      text += fmt::format(" \\\n        '{}{}[{}]{}'", repeats ? "*" : "", flag, zsh_text(option.help),
                          option.placeholder.empty() ? "" : fmt::format(":{}:{}", option.placeholder, value));
    if (option.flags.empty()) text += fmt::format(" \\\n        ':{}:{}'", option.placeholder, value);
  }
  return text;
}

std::string zsh(const CLI::App& program) {
  const std::string name = "_" + identifier();
  std::string text = fmt::format("#compdef {}\n{}() {{\n  local -a commands=(\n", program_name(), name);
  for (const CLI::App* child : children_of(program))
    text += fmt::format("    '{}:{}'\n", child->get_name(), zsh_text(child->get_description()));
  text += fmt::format(
      "  ) settings=({})\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    {}\n    return\n  fi\n",
      setting_keys(), zsh_arguments(program));
  text += "  case \"$words[2] $words[3]\" in\n";
  for (const CommandText& command : commands_of(program)) {
    const bool nested = command.name.find(' ') != std::string::npos;
    text += fmt::format("    '{}'{}) shift {} words; (( CURRENT -= {} ))\n      {} ;;\n",
                        nested ? command.name : command.name + " ", nested ? "" : "*", nested ? 2 : 1, nested ? 2 : 1,
                        zsh_arguments(*command.app));
  }
  for (const CLI::App* child : children_of(program))
    if (const auto own = children_of(*child); !own.empty())
      text += fmt::format("    '{} '*) compadd {} ;;\n", child->get_name(), names_of(own));
  return text + fmt::format("  esac\n}}\ncompdef {} {}\n", name, program_name());
}

std::string fish_text(const std::string& text) { return replaced(replaced(text, "\\", "\\\\"), "'", "\\'"); }

std::string fish(const CLI::App& program) {
  const std::string complete = "complete -c " + program_name();
  std::string text = complete + " -f\n";
  const auto add_commands = [&](const CLI::App& of, const std::string& condition) {
    for (const CLI::App* child : children_of(of)) {
      text += fmt::format("{} -n '{}' -a {} -d '{}'\n", complete, condition, child->get_name(),
                          fish_text(child->get_description()));
    }
  };
  const auto add_options = [&](const CLI::App& app, const std::string& condition) {
    for (const OptionText& option : options_of(app)) {
      if (option.flags.empty()) continue;
      text += fmt::format("{} -n '{}'", complete, condition);
      for (const std::string& flag : option.flags)
        text += flag.starts_with("--") ? " -l " + flag.substr(2) : " -s " + flag.substr(1);
      if (!option.choices.empty())
        text += fmt::format(" -x -a '{}'", joined(option.choices));
      else if (option.placeholder == "FILE")
        text += " -r -F";
      else if (option.placeholder == "DIR")
        text += " -x -a '(__fish_complete_directories)'";
      else if (option.placeholder == "KEY=VALUE")
        text += fmt::format(" -x -a '{}'", setting_keys());
      else if (!option.placeholder.empty())
        text += " -x";
      text += fmt::format(" -d '{}'\n", fish_text(option.help));
    }
  };
  add_commands(program, "__fish_use_subcommand");
  add_options(program, "__fish_use_subcommand");
  for (const CLI::App* child : children_of(program)) {
    const auto own = children_of(*child);
    if (own.empty()) continue;
    add_commands(*child, fmt::format("__fish_seen_subcommand_from {}; and not __fish_seen_subcommand_from {}",
                                     child->get_name(), names_of(own)));
  }
  for (const CommandText& command : commands_of(program)) {
    add_options(*command.app,
                "__fish_seen_subcommand_from " + replaced(command.name, " ", "; and __fish_seen_subcommand_from "));
    for (const OptionText& option : options_of(*command.app)) {
      if (option.flags.empty() && option.placeholder == "FILE")
        text += fmt::format("{} -n '__fish_seen_subcommand_from {}' -F\n", complete, command.name);
    }
  }
  return text;
}

}  // namespace

void add_completion(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("completion", "Print the completions of a shell");
  auto shell = std::make_shared<std::string>();
  command.add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->type_name("NAME")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command.footer(
      "Examples:\n"
      "  source <(gradus completion bash)\n"
      "  gradus completion zsh > ~/.zfunc/_gradus\n"
      "  gradus completion fish > ~/.config/fish/completions/gradus.fish\n"
      "The installed package has those of bash.");
  command.callback([shell, &action] {
    action = [shell] {
      Action unused;
      const auto whole = whole_program(unused);
      write_result(*shell == "bash" ? bash(*whole) : *shell == "zsh" ? zsh(*whole) : fish(*whole));
      return success;
    };
  });
}

}  // namespace gradus::cli
