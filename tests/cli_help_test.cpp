#include <gradus/cli/internal/help.h>
#include <gradus/train/settings.h>

#include "program.h"

// Help, completions and the manual page come from the same options.
namespace gradus::cli_help_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Equals;
using cli::Action;
using data::Scratch;

// What a shell of the user prints.
Ran bash(const Scratch& scratch, const std::string& script) {
  scratch.write("script", script);
  const std::string folder = scratch.folder().string();
  const int status = std::system(("cd " + folder + " && bash script > stdout 2> stderr").c_str());
  return {WEXITSTATUS(status), data::contents(scratch.folder() / "stdout"),
          data::contents(scratch.folder() / "stderr")};
}

bool has_program(const std::string& name) {
  return std::system(("command -v " + name + " > /dev/null 2>&1").c_str()) == 0;
}

void for_each_option(const std::function<void(const std::string& command, const std::string& flag)>& use) {
  Action action;
  const auto program = cli::whole_program(action);
  for (const cli::CommandText& command : cli::commands_of(*program))
    for (const cli::OptionText& option : cli::options_of(*command.app))
      for (const std::string& flag : option.flags) use(command.name, flag);
}

}  // namespace

TEST_CASE("help fits in 80 columns and has no words of the parser's own") {
  Action action;
  const auto program = cli::whole_program(action);
  std::vector<std::string> texts = {program->help()};
  for (const cli::CommandText& command : cli::commands_of(*program)) texts.push_back(command.app->help());
  CHECK(texts.size() > 14);
  for (const std::string& text : texts) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      CAPTURE(line);
      CHECK(line.size() <= 80);
      CHECK((line.empty() || line.back() != ' '));
    }
    for (const char* noise : {"REQUIRED", "Excludes:", "Needs:", "INT in [", ":{"}) {
      CAPTURE(text);
      CHECK_THAT(text, !ContainsSubstring(noise));
    }
    CHECK_THAT(text, ContainsSubstring("-h, --help"));
  }
}

TEST_CASE("help shows what a command needs, and examples that a shell can read") {
  const Scratch scratch;
  const std::string train = run(scratch, "train --help").out;
  CHECK_THAT(train, ContainsSubstring("\nUsage: gradus train --out DIR [OPTIONS]\n"));
  CHECK_THAT(train, ContainsSubstring("\n  --lr X                  Highest learning rate\n"));
  CHECK_THAT(train, ContainsSubstring("(required)"));
  CHECK_THAT(train, ContainsSubstring(" \\\n      --preset small --out runs/words\n"));
  CHECK_THAT(run(scratch, "inspect --help").out, ContainsSubstring("\nUsage: gradus inspect FILE [OPTIONS]\n"));
  CHECK_THAT(run(scratch, "gradcheck --help").out, ContainsSubstring("\nUsage: gradus gradcheck [what] [OPTIONS]\n"));
  CHECK_THAT(run(scratch, "bench --help").out, ContainsSubstring("\nUsage: gradus bench COMMAND [OPTIONS]\n"));
}

TEST_CASE("words are wrapped at spaces, and longer words stay whole") {
  CHECK(cli::wrapped("one two three", 7) == std::vector<std::string>{"one two", "three"});
  CHECK(cli::wrapped("incomprehensible is", 4) == std::vector<std::string>{"incomprehensible", "is"});
}

TEST_CASE("every option is in the completions and in the manual") {
  const Scratch scratch;
  const std::string bash_text = run(scratch, "completion bash").out, zsh = run(scratch, "completion zsh").out,
                    fish = run(scratch, "completion fish").out, man = run(scratch, "man").out;
  std::size_t options = 0;
  for_each_option([&](const std::string& command, const std::string& flag) {
    CAPTURE(command, flag);
    ++options;
    const std::string words = bash_text.substr(bash_text.rfind("'" + command + "') words='"));
    CHECK_THAT(" " + words.substr(words.find("words='") + 7, words.find('\n')), ContainsSubstring(" " + flag));
    CHECK_THAT(zsh, ContainsSubstring((flag == "--set" ? "'*" : "'") + flag + "["));
    CHECK_THAT(fish, ContainsSubstring(flag.starts_with("--") ? " -l " + flag.substr(2) : " -s " + flag.substr(1)));
    std::string escaped;
    for (char c : flag) escaped += c == '-' ? "\\-" : std::string(1, c);
    const std::size_t section = man.find(".SS gradus " + command + "\n");
    REQUIRE(section != std::string::npos);
    CHECK_THAT(man.substr(section, man.find("\n.SS", section + 1) - section), ContainsSubstring(escaped));
  });
  CHECK(options > 60);
  for (const train::Setting& s : train::settings()) {
    CAPTURE(s.key);
    CHECK_THAT(bash_text, ContainsSubstring(s.key + "="));
    CHECK_THAT(man, ContainsSubstring("\n.B " + s.key + " = "));
  }
}

TEST_CASE("bash completes commands, flags, values and settings") {
  const Scratch scratch;
  const auto completions = [&](const std::string& line) {
    const std::string last = line.ends_with(' ') ? " ''" : "";
    const Ran ran =
        bash(scratch, "source <(" + program() + " completion bash)\nCOMP_WORDS=(" + line + last +
                          ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_gradus 2> /dev/null\n" + "echo ${COMPREPLY[*]}");
    CHECK(ran.err.empty());
    return ran.out;
  };
  CHECK(completions("gradus tr") == "train\n");
  CHECK(completions("gradus --ver") == "--version\n");
  CHECK(completions("gradus bench s") == "step scaling\n");
  CHECK(completions("gradus train --pat") == "--patience\n");
  CHECK(completions("gradus train --out x --model trans") == "transformer\n");
  CHECK(completions("gradus train --preset ") == "tiny small base\n");
  CHECK(completions("gradus train --lr ") == "\n");
  CHECK(completions("gradus train --set train.warm") == "train.warmup= train.warmup_factor=\n");
  CHECK(completions("gradus train --train scr") == "script\n");
  CHECK(completions("gradus inspect scr") == "script\n");
  CHECK(completions("gradus decode --checkpoint ") == "best last\n");
  CHECK(completions("gradus bench step --sec") == "--seconds\n");
  std::filesystem::create_directory(scratch.folder() / "runs");
  CHECK(completions("gradus train --out ") == "runs\n");
}

TEST_CASE("completions and manual are valid for the programs that read them") {
  const Scratch scratch;
  scratch.write("gradus.bash", run(scratch, "completion bash").out);
  const Ran checked = bash(scratch, "bash -n gradus.bash");
  CHECK(checked.code == 0);
  CHECK(checked.err.empty());
  for (const char* shell : {"zsh", "fish"}) {
    if (!has_program(shell)) continue;
    scratch.write("completions", run(scratch, std::string("completion ") + shell).out);
    CHECK(bash(scratch, std::string(shell) + " -n completions").code == 0);
  }
  if (has_program("groff")) {
    scratch.write("gradus.1", run(scratch, "man").out);
    const Ran formatted = bash(scratch, "groff -man -ww -Tutf8 -z gradus.1");
    CHECK(formatted.code == 0);
    CHECK(formatted.err.empty());
  }
  CHECK_THAT(run(scratch, "completion tcsh").err, ContainsSubstring("bash,zsh,fish"));
}

}  // namespace gradus::cli_help_test
