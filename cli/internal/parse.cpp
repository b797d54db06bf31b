#include <gradus/cli/internal/parse.h>

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <sstream>
#include <string_view>
#include <vector>

#include <gradus/cli/internal/command_line.h>
#include <gradus/cli/internal/help.h>
#include <gradus/cli/internal/version.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/models/registry.h>
#include <gradus/train/internal/suggest.h>
#include <gradus/train/settings.h>

namespace gradus::cli {
namespace {

// The maximum number of bytes of a parser's message. The message quotes the input, and one byte may print as four.
constexpr std::size_t most_quoted = 200;

struct Command {
  const char* name;
  void (*add)(CLI::App& program, Action& action);
};

constexpr Command commands[] = {
    {"train", add_train},         {"sweep", add_sweep},   {"average", add_average},       {"eval", add_eval},
    {"metrics", add_metrics},     {"decode", add_decode}, {"score", add_score},           {"classify", add_classify},
    {"report", add_report},       {"watch", add_watch},   {"config", add_config},         {"demo", add_demo},
    {"gradcheck", add_gradcheck}, {"bench", add_bench},   {"profile", add_profile},       {"graph", add_graph},
    {"inspect", add_inspect},     {"doctor", add_doctor}, {"completion", add_completion}, {"man", add_man},
};

// Why the command has no place for this argument, and the probable intention.
std::string explain_extra(const CLI::App& command, const std::string& argument) {
  const CLI::Option* set = command.get_option_no_throw("--set");
  if (!argument.starts_with('-')) {
    if (set != nullptr && !set->empty() && set->results().back().find('=') == std::string::npos) {
      return files::shown(
          fmt::format("--set {0} {1}: key and value are one word, --set {0}={1}", set->results().back(), argument),
          most_quoted);
    }
    return fmt::format("{} has no place for {}", command.get_name(), files::shown(argument));
  }
  const std::string flag = argument.substr(0, argument.find('='));
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) flags.push_back(option->get_name());
  std::string hint = train::did_you_mean(flag, flags);
  if (set != nullptr && hint.empty()) {
    std::vector<std::string> keys;
    for (const train::Setting& s : train::settings()) keys.push_back(s.key);
    std::string key = flag.substr(flag.find_first_not_of('-') == std::string::npos ? 0 : flag.find_first_not_of('-'));
    std::replace(key.begin(), key.end(), '-', '_');
    const std::vector<std::string> near = train::near_names(key, keys);
    if (!near.empty()) hint = fmt::format("; did you mean --set {}=VALUE?", fmt::join(near, "=VALUE or --set "));
  }
  return fmt::format("{} has no option {}{}", command.get_name(), files::shown(flag), hint);
}

// One line with what the parser refused, and the probable intention.
std::string explain(CLI::App& program, const CLI::ParseError& error) {
  const std::vector<CLI::App*> chosen = program.get_subcommands();
  const std::string refused = files::shown(error.what(), most_quoted);
  if (chosen.empty()) return fmt::format("{}; see {} --help", refused, program_name());
  CLI::App& command = *chosen.front();
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !command.remaining().empty()) {
    return fmt::format("{}; see {} {} --help", explain_extra(command, command.remaining().front()), program_name(),
                       command.get_name());
  }
  return fmt::format("{}; see {} {} --help", refused, program_name(), command.get_name());
}

// Adds the command that the first argument names, or all commands before --help and --version.
void add_commands(CLI::App& program, Action& action, int argc, const char* const* argv) {
  std::vector<std::string> names;
  for (const Command& command : commands) names.push_back(command.name);
  if (argc < 2) {
    throw UsageError(fmt::format("expected a command: {}; see {} --help", fmt::join(names, ", "), program_name()));
  }
  const std::string wanted = argv[1];
  const std::vector<std::string> flags = {"--help", "-h", "--version"};
  const bool all = std::find(flags.begin(), flags.end(), wanted) != flags.end();
  bool known = all;
  for (const Command& command : commands) {
    if (!all && wanted != command.name) continue;
    command.add(program, action);
    known = true;
  }
  if (known) return;
  if (wanted.starts_with('-')) {
    throw UsageError(fmt::format("there is no flag {} before the command{}; see {} --help", files::shown(wanted),
                                 train::did_you_mean(wanted, flags), program_name()));
  }
  throw UsageError(fmt::format("there is no command {}; expected one of {}{}", files::shown(wanted),
                               fmt::join(names, ", "), train::did_you_mean(wanted, names)));
}

// The file name in argv[0].
std::string name_from(int argc, const char* const* argv) {
  const std::string_view path = argc > 0 ? argv[0] : "";
  const std::string name = files::shown(path.substr(path.rfind('/') + 1));  // npos + 1 is 0
  return name.empty() ? "gradus" : name;
}

// Writes the name of the program into the examples of the help texts.
void name_examples(CLI::App& command) {
  const std::string from = "  gradus ", to = fmt::format("  {} ", program_name());
  std::string text = command.get_footer();
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  command.footer(text);
  for (CLI::App* child : command.get_subcommands({})) name_examples(*child);
}

std::unique_ptr<CLI::App> make_program() {
  auto program = std::make_unique<CLI::App>(
      fmt::format("From an RNN to a Transformer, step by step: trains and uses sequence-to-sequence models ({}) and a "
                  "vision Transformer (vit).",
                  fmt::join(models::model_names(), ", ")),
      program_name());
  program->formatter(help_formatter());
  program->set_help_flag("-h,--help", "Print help, then exit");
  program->require_subcommand(1);
  program->set_version_flag("--version", fmt::format("gradus {}", version), "Print the version, then exit");
  program->footer(
      "Example:\n  gradus demo\n\nExit codes: 0 success, 1 failure, 2 wrong arguments, 3 some lines were left out, 128 "
      "plus the number of the signal that stopped it (129, 130, 143).");
  return program;
}

}  // namespace

std::unique_ptr<CLI::App> whole_program(Action& action) {
  auto program = make_program();
  for (const Command& command : commands) command.add(*program, action);
  name_examples(*program);
  return program;
}

Action parse(int argc, const char* const* argv) {
  set_program_name(name_from(argc, argv));
  set_command_line(argc, argv);
  const auto program = make_program();
  Action action;
  add_commands(*program, action, argc, argv);
  name_examples(*program);
  try {
    program->parse(argc, argv);
  } catch (const CLI::Success& request) {
    std::ostringstream text;
    program->exit(request, text);
    return [text = text.str()] {
      write_result(text);
      return success;
    };
  } catch (const CLI::ParseError& error) {
    throw UsageError(explain(*program, error));
  }
  return action;
}

}  // namespace gradus::cli
