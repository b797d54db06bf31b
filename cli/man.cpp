#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include <gradus/cli/internal/help.h>
#include <gradus/cli/internal/version.h>
#include <gradus/train/settings.h>

namespace gradus::cli {
namespace {

// The text for a line of roff.
std::string roff(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else if (c == '\'')
      out += "\\(aq";
    else
      out += c;
  }
  return out.starts_with('.') ? "\\&" + out : out;
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

// A paragraph with a hanging first line.
std::string entry(const std::string& name, const std::string& help) {
  return fmt::format(".TP\n.B {}\n{}\n", roff(name), roff(help));
}

std::string prose(const std::string& help) {
  std::string text;
  bool example = false;
  for (const Paragraph& p : paragraphs_of(help)) {
    if (p.example != example) text += p.example ? ".PP\n.nf\n.RS\n" : ".RE\n.fi\n";
    if (!p.example) text += ".PP\n";
    text += roff(p.example ? p.text.substr(p.text.find_first_not_of(' ')) : p.text) + '\n';
    example = p.example;
  }
  return example ? text + ".RE\n.fi\n" : text;
}

std::string options(const CLI::App& app) {
  std::string text;
  for (const OptionText& option : options_of(app)) text += entry(option.names(), option.help);
  return text;
}

std::string page(const CLI::App& program) {
  const std::string& name = program_name();
  std::string text = fmt::format(".TH {} 1 \"\" \"gradus {}\" \"User Commands\"\n", upper(roff(name)), version);
  text += fmt::format(".SH NAME\n{} \\- train and use sequence\\-to\\-sequence models\n", roff(name));
  text += ".SH SYNOPSIS\n";
  for (const CommandText& command : commands_of(program)) {
    text += fmt::format("{}.B {}\n", text.ends_with("SYNOPSIS\n") ? "" : ".br\n",
                        roff(usage_of(*command.app, name + " " + command.name)));
  }
  text += ".SH DESCRIPTION\n" + roff(program.get_description()) + "\n" + prose(program.get_footer());
  text += ".SH OPTIONS\n" + options(program);
  text += ".SH COMMANDS\n";
  for (const CommandText& command : commands_of(program)) {
    text += fmt::format(".SS {} {}\n{}.\n{}{}", roff(name), roff(command.name), roff(command.app->get_description()),
                        options(*command.app), prose(command.app->get_footer()));
  }
  text += ".SH SETTINGS\nKeys of \\-\\-set and \\-\\-config, with their defaults.\n";
  const train::RunConfig defaults;
  for (const train::Setting& s : train::settings())
    text += entry(fmt::format("{} = {}", s.key, train::to_toml(s.get(defaults))),
                  fmt::format("{} ({})", s.help, s.allowed()));
  return text;
}

}  // namespace

void add_man(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("man", "Print the manual page");
  command.footer("Example:\n  gradus man | man -l -");
  command.callback([&action] {
    action = [] {
      Action unused;
      write_result(page(*whole_program(unused)));
      return success;
    };
  });
}

}  // namespace gradus::cli
