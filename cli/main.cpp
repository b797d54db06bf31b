#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/version.h"
#include "train/suggest.h"

namespace gradus::cli {
namespace {

int complain(int code, std::string what) {
  std::replace(what.begin(), what.end(), '\n', ' ');
  fmt::print(stderr, "gradus: {}\n", what);
  return code;
}

std::vector<std::string> command_names(CLI::App& program) {
  std::vector<std::string> names;
  for (const CLI::App* command : program.get_subcommands([](CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

// What parsing refused, in one line with what was probably meant.
std::string explain(CLI::App& program, const CLI::ParseError& error) {
  const std::vector<CLI::App*> chosen = program.get_subcommands();
  if (chosen.empty()) return fmt::format("{}; see gradus --help", error.what());
  CLI::App& command = *chosen.front();
  std::string hint;
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    std::vector<std::string> flags;
    for (const CLI::Option* option : command.get_options()) flags.push_back(option->get_name());
    const std::vector<std::string> rest = command.remaining();
    if (!rest.empty()) {
      const std::string flag = rest.front().substr(0, rest.front().find('='));
      return fmt::format("{} does not know {}{}; see gradus {} --help", command.get_name(), flag,
                         train::did_you_mean(flag, flags), command.get_name());
    }
  }
  return fmt::format("{}; see gradus {} --help", error.what(), command.get_name());
}

void check_command(CLI::App& program, int argc, const char* const* argv) {
  const std::vector<std::string> names = command_names(program);
  if (argc < 2) throw UsageError(fmt::format("a command is wanted: {}; see gradus --help", fmt::join(names, ", ")));
  const std::string name = argv[1];
  if (std::find(names.begin(), names.end(), name) != names.end()) return;
  if (name.starts_with('-')) {
    const std::vector<std::string> flags = {"--help", "-h", "--version"};
    if (std::find(flags.begin(), flags.end(), name) != flags.end()) return;
    throw UsageError(fmt::format("there is no flag {} before the command{}; see gradus --help", name,
                                 train::did_you_mean(name, flags)));
  }
  throw UsageError(fmt::format("there is no command {}: one of {}{}", name, fmt::join(names, ", "),
                               train::did_you_mean(name, names)));
}

int run(int argc, char** argv) {
  CLI::App program("From an RNN to a Transformer, step by step: trains and uses four sequence-to-sequence models.",
                   "gradus");
  program.require_subcommand(1);
  program.set_version_flag("--version", fmt::format("gradus {}", version));
  program.footer("Example:\n  gradus demo\n\nExit codes: 0 done, 1 failed, 2 asked for wrongly, 130 or 143 stopped.");
  Action action;
  add_train(program, action);
  add_eval(program, action);
  add_decode(program, action);
  add_demo(program, action);
  add_gradcheck(program, action);
  add_bench(program, action);
  add_inspect(program, action);
  add_doctor(program, action);
  try {
    check_command(program, argc, argv);
    program.parse(argc, argv);
  } catch (const CLI::Success& request) {
    return program.exit(request);
  } catch (const CLI::ParseError& error) {
    return complain(usage, explain(program, error));
  }
  const int code = action();
  flush_results();
  return code;
}

}  // namespace
}  // namespace gradus::cli

int main(int argc, char** argv) {
  using namespace gradus::cli;
  std::signal(SIGXFSZ, SIG_IGN);  // a file above the limit of size is an error of write(2), and told as such
  try {
    return run(argc, argv);
  } catch (const UsageError& error) {
    return complain(usage, error.what());
  } catch (const std::bad_alloc&) {
    return complain(failure, "not enough memory; a smaller model or batch needs less");
  } catch (const std::exception& error) {
    return complain(failure, error.what());
  }
}
