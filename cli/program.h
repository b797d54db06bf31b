#pragma once

#include <string>

#include "cli/command.h"

namespace gradus::cli {

/// What the arguments ask for, ready to be run; after --help or --version, the printing of it. Throws UsageError, with
/// what was probably meant, when they make no sense. Nothing is done yet, but that --threads is in force.
Action parse(int argc, const char* const* argv);

/// A message as the program says it: one line, of bounded length, without control characters.
std::string one_line(std::string message);

}  // namespace gradus::cli
