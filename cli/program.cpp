#include <gradus/cli/program.h>

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include <gradus/cli/version.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/train/internal/suggest.h>

namespace gradus::cli {
namespace {

// The maximum number of bytes of a parser's message. The message quotes the input, and one byte may print as four.
constexpr std::size_t most_quoted = 200;

struct Command {
  const char* name;
  void (*add)(CLI::App& program, Action& action);
};

constexpr Command commands[] = {
    {"train", add_train},         {"eval", add_eval},   {"decode", add_decode},   {"demo", add_demo},
    {"gradcheck", add_gradcheck}, {"bench", add_bench}, {"inspect", add_inspect}, {"doctor", add_doctor},
};

// One line with what the parser refused, and the probable intention.
std::string explain(CLI::App& program, const CLI::ParseError& error) {
  const std::vector<CLI::App*> chosen = program.get_subcommands();
  const std::string refused = files::shown(error.what(), most_quoted);
  if (chosen.empty()) return fmt::format("{}; see gradus --help", refused);
  CLI::App& command = *chosen.front();
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    std::vector<std::string> flags;
    for (const CLI::Option* option : command.get_options()) flags.push_back(option->get_name());
    const std::vector<std::string> rest = command.remaining();
    if (!rest.empty()) {
      const std::string flag = rest.front().substr(0, rest.front().find('='));
      return fmt::format("{} has no option {}{}; see gradus {} --help", command.get_name(), files::shown(flag),
                         train::did_you_mean(flag, flags), command.get_name());
    }
  }
  return fmt::format("{}; see gradus {} --help", refused, command.get_name());
}

// Adds the command that the first argument names, or all commands before --help and --version.
void add_commands(CLI::App& program, Action& action, int argc, const char* const* argv) {
  std::vector<std::string> names;
  for (const Command& command : commands) names.push_back(command.name);
  if (argc < 2) throw UsageError(fmt::format("expected a command: {}; see gradus --help", fmt::join(names, ", ")));
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
    throw UsageError(fmt::format("there is no flag {} before the command{}; see gradus --help", files::shown(wanted),
                                 train::did_you_mean(wanted, flags)));
  }
  throw UsageError(fmt::format("there is no command {}; expected one of {}{}", files::shown(wanted),
                               fmt::join(names, ", "), train::did_you_mean(wanted, names)));
}

}  // namespace

Action parse(int argc, const char* const* argv) {
  CLI::App program("From an RNN to a Transformer, step by step: trains and uses four sequence-to-sequence models.",
                   "gradus");
  program.require_subcommand(1);
  program.set_version_flag("--version", fmt::format("gradus {}", version));
  program.footer(
      "Example:\n  gradus demo\n\nExit codes: 0 success, 1 failure, 2 wrong arguments, 128 plus the number of the "
      "signal "
      "that stopped it (130, 143).");
  Action action;
  add_commands(program, action, argc, argv);
  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& request) {
    std::ostringstream text;
    program.exit(request, text);
    return [text = text.str()] {
      fmt::print("{}", text);
      return success;
    };
  } catch (const CLI::ParseError& error) {
    throw UsageError(explain(program, error));
  }
  return action;
}

}  // namespace gradus::cli
