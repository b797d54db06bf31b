#pragma once

#include <gradus/cli/command.h>

namespace gradus::cli {

/// What the arguments ask for, ready to be run; after --help or --version, the printing of it. Throws UsageError, with
/// what was probably meant, when they make no sense. Nothing is done yet, but that --threads is in force.
Action parse(int argc, const char* const* argv);

}  // namespace gradus::cli
