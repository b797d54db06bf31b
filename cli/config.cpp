#include <memory>

#include <gradus/cli/internal/config_flags.h>

namespace gradus::cli {

void add_config(CLI::App& program, Action& action) {
  CLI::App& command =
      *program.add_subcommand("config", "Print the settings that train would use, with the origin of each value");
  auto flags = std::make_shared<ConfigFlags>();
  add_config_flags(command, *flags);
  command.footer(
      "Prints TOML. The comment of a setting says where its value comes from: the default, the preset, the file or the "
      "command line. The output can be edited and given to --config.\n\n"
      "Examples:\n"
      "  gradus config --preset small --model transformer\n"
      "  gradus config --config mine.toml --lr 0.0005 > next.toml");
  command.callback([flags, &action] {
    action = [flags] {
      try {
        write_result(train::explain(sources_of(*flags)));
      } catch (const train::ConfigError& e) {
        throw UsageError(e.what());
      }
      return success;
    };
  });
}

}  // namespace gradus::cli
