#pragma once

#include <gradus/cli/internal/command.h>

namespace gradus::cli {

/// The action that the arguments choose; for --help and --version, it prints them. Sets --threads and the name of the
/// program, and does nothing else. Throws UsageError, with a suggestion, when the arguments are wrong.
Action parse(int argc, const char* const* argv);

}  // namespace gradus::cli
