#pragma once

#include <string>

#include <gradus/train/provenance.h>

namespace gradus::cli {

/// The text as one word of a shell's command line.
std::string shell_word(const std::string& text);

/// The command line of the program, in words of a shell.
const std::string& command_line();
void set_command_line(int argc, const char* const* argv);

/// "gradus 0.1.0"
std::string program_and_version();

/// The provenance of a run that this command starts, without the origins of its settings.
train::Provenance provenance_of_program();

}  // namespace gradus::cli
